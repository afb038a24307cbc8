/**
 * The board: what a plan's stacks, bus and stores show right now, gathered into the view that decisions are made from.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type * as TE from 'fp-ts/lib/TaskEither.js';
import { type Artifact, catalogueOf } from '../../domain/catalogue.ts';
import type { ControlState } from '../../domain/control-state.ts';
import type { EnvironmentName, StackName, Version } from '../../domain/names.ts';
import { pinnedVersion } from '../../domain/pin.ts';
import type { Pins } from '../../domain/pins.ts';
import { environmentsOf } from '../../domain/release-plan.ts';
import { decodeSignal } from '../../domain/signal.ts';
import type { TickView } from '../../domain/tick.ts';
import { isToldBy } from '../../domain/told.ts';
import type { Step } from '../../domain/train-memory.ts';
import type { ArtifactRecord } from '../../ports/artifact-store.ts';
import { type Failure, unavailable } from '../failure.ts';
import { readControl, type VersionedControl } from './control-store.ts';
import type { LibrarianPorts } from './librarian-ports.ts';

/** A view of the plan, and the artifacts that its versions stand for. */
export interface Board {
  readonly view: TickView;
  readonly records: ReadonlyMap<Version, ArtifactRecord>;
}

/** What one stack says of one environment: nothing where it cannot be read. */
const readPin = async (
  ports: LibrarianPorts,
  stack: StackName,
  environment: EnvironmentName,
): Promise<O.Option<O.Option<Version>>> => {
  const reading = await ports.chefServers.get(stack)?.environment(environment);
  switch (reading?._tag) {
    case 'Found':
      return O.some(pinnedVersion(reading.environment));
    case 'Missing':
      return O.some(O.none);
    case 'Unavailable':
      ports.log('warn', 'a pin cannot be read', { stack, environment, detail: reading.detail });
      return O.none;
    case undefined:
      return O.none;
  }
};

/** Whether the nodes of an environment have been told of `step`. */
const isTold = async (
  { bus }: LibrarianPorts,
  stack: StackName,
  environment: EnvironmentName,
  step: Step,
): Promise<boolean> => {
  const reading = await bus.read({ stack, environment }, undefined);
  return reading._tag === 'Fresh' && isToldBy(O.fromEither(decodeSignal(reading.body)), step);
};

/**
 * Reads the pins of `environments`. While a step is open, a stack counts as read only once its signal is out as well:
 * a Librarian that died between the two has left the step for others to finish (law L3).
 */
const readPinsOf = async (
  ports: LibrarianPorts,
  control: ControlState,
  environments: readonly EnvironmentName[],
): Promise<Pins> => {
  const readOne = async (environment: EnvironmentName, stack: StackName) => {
    const pin = await readPin(ports, stack, environment);
    const step = control.memory.steps.get(environment);
    const isMoved = step !== undefined && O.isSome(pin) && O.isSome(pin.value) && pin.value.value === step.version;
    const isKnown = !isMoved || (await isTold(ports, stack, environment, step));
    return { stack, pin: isKnown ? pin : O.none };
  };
  const readEnvironment = async (environment: EnvironmentName) => {
    const read = await Promise.all(ports.plan.stacks.map((stack) => readOne(environment, stack)));
    const known = read.flatMap(({ stack, pin }) => (O.isSome(pin) ? [[stack, pin.value] as const] : []));
    return [environment, new Map(known)] as const;
  };
  return new Map(await Promise.all(environments.map(readEnvironment)));
};

/** The board with the pins of `environments` read again. */
export const reread = async (
  ports: LibrarianPorts,
  control: ControlState,
  board: Board,
  environments: readonly EnvironmentName[],
): Promise<Board> => {
  const fresh = await readPinsOf(ports, control, environments);
  const pins = new Map([...board.view.pins, ...fresh]);
  // Whoever decides next decides at the instant that it is by then: effects may have taken their time (law T8).
  return { ...board, view: { ...board.view, memory: control.memory, pins, now: ports.clock.now() } };
};

/** What each stack holds whole; a stack that does not answer is absent. */
const completeOn = async (ports: LibrarianPorts): Promise<ReadonlyMap<StackName, ReadonlyMap<Version, string>>> => {
  const listed = ports.plan.stacks.map(async (stack) => {
    const listing = await ports.chefServers.get(stack)?.completeArtifacts();
    if (listing?._tag === 'Unavailable') {
      ports.log('warn', 'the artifacts of a stack cannot be listed', { stack, detail: listing.detail });
    }
    return listing?._tag === 'Listed' ? [[stack, listing.sha256ByVersion] as const] : [];
  });
  return new Map((await Promise.all(listed)).flat());
};

/** Reads the whole board at the clock's present instant. */
export const readBoard =
  (ports: LibrarianPorts) =>
  (control: ControlState): TE.TaskEither<Failure, Board> =>
  async () => {
    const [listing, complete, pins] = await Promise.all([
      ports.artifacts.list(),
      completeOn(ports),
      readPinsOf(ports, control, environmentsOf(ports.plan)),
    ]);
    if (listing._tag === 'Unavailable') return E.left(unavailable(`artifact store: ${listing.detail}`));
    const artifacts = listing.artifacts.map(({ version, sha256 }): Artifact => ({
      version,
      // A stack holds an artifact when it holds all of it, under the checksum of ours (law L7).
      completeOn: ports.plan.stacks.filter((stack) => complete.get(stack)?.get(version) === sha256),
      unknownOn: ports.plan.stacks.filter((stack) => !complete.has(stack)),
      rejected: control.rejections.has(version),
    }));
    return E.right({
      records: new Map(listing.artifacts.map((record) => [record.version, record])),
      view: {
        plan: ports.plan,
        pins,
        catalogue: catalogueOf(ports.plan.stacks, artifacts),
        holds: control.holds,
        memory: control.memory,
        now: ports.clock.now(),
      },
    });
  };

/** The board as it is now, with the control state that it was read under. */
export interface CurrentBoard {
  readonly stored: VersionedControl;
  readonly board: Board;
}

/** Reads the control state and the board. */
export const currentBoard =
  (ports: LibrarianPorts): TE.TaskEither<Failure, CurrentBoard> =>
  async () => {
    const stored = await readControl(ports)();
    if (E.isLeft(stored)) return stored;
    const board = await readBoard(ports)(stored.right.control)();
    return E.isLeft(board) ? board : E.right({ stored: stored.right, board: board.right });
  };
