/**
 * Run requests: ad hoc runs across an environment, or a part of it (law N11). A request goes out with the environment's
 * signal, to each stack by itself; asked again under the same id, it goes where it has not been.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { hash32 } from '../../domain/hash.ts';
import { formatInterventionRefusal, type InterventionRefusal } from '../../domain/intervention.ts';
import { type EnvironmentName, nameFromLiteral, Slug, type StackName } from '../../domain/names.ts';
import {
  formatRunRequestRefusal,
  openRequests,
  type RunRequestRefusal,
  signalWithoutRequest,
  signalWithRequest,
} from '../../domain/next-signal.ts';
import { pinnedVersion } from '../../domain/pin.ts';
import { environmentsOf } from '../../domain/release-plan.ts';
import type { RunRequest, Signal, SignalKey } from '../../domain/signal.ts';
import { DAY_MS, type EpochMs, epochMs, formatInstant, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../domain/time.ts';
import { badData, type Failure, unavailable } from '../failure.ts';
import { recorded } from './audit.ts';
import { readCurrent, type Trouble, writeAfter } from './current-signal.ts';
import type { Asker } from './intervene.ts';
import type { LibrarianPorts } from './librarian-ports.ts';

/** The shortest time for which a run request may be open, in milliseconds: a minute. */
export const REQUEST_OPEN_MS_MIN = MINUTE_MS;
/** The longest time for which a run request may be open, in milliseconds: 28 days, as long as a signal triggers runs. */
export const REQUEST_OPEN_MS_MAX = 28 * DAY_MS;

/** So long a run request is open unless somebody says otherwise, in milliseconds: four hours. */
export const REQUEST_OPEN_MS_DEFAULT = 4 * HOUR_MS;
/** Over so many seconds the runs of a request spread unless somebody says otherwise. */
export const REQUEST_SPLAY_SECONDS_DEFAULT = 300;

/** Whom to ask for a run, and on which terms. */
export interface RunOrder {
  /** Names the request, so that it can be asked again and withdrawn; none: a name of the Librarian's choice. */
  readonly id: O.Option<Slug>;
  readonly environment: EnvironmentName;
  /** None: every stack of the plan. */
  readonly stack: O.Option<StackName>;
  /** Names or globs of nodes; none: all of the environment. */
  readonly nodes: O.Option<readonly string[]>;
  /** Seconds over which they spread. */
  readonly splaySeconds: number;
  /** So long it may start runs, from now; {@link REQUEST_OPEN_MS_MIN} … {@link REQUEST_OPEN_MS_MAX}. */
  readonly opensForMs: number;
}

/** A stack that was not told. */
export interface TellTrouble {
  readonly stack: StackName;
  readonly detail: string;
}

/** What became of a run request. */
export interface RunRequestReport {
  readonly id: Slug;
  /** The stacks whose nodes are told now. */
  readonly stacks: readonly StackName[];
  /** The same request again is right, and harmless. */
  readonly troubles: readonly TellTrouble[];
}

/** The stacks that are meant, where there are such. */
const stacksToTell = (
  { plan }: LibrarianPorts,
  environment: EnvironmentName,
  stack: O.Option<StackName>,
): E.Either<Failure, readonly StackName[]> => {
  const known = environmentsOf(plan);
  const refuse = (refusal: InterventionRefusal) =>
    E.left<Failure>({ _tag: 'Refused', reason: refusal._tag, detail: formatInterventionRefusal(refusal) });
  if (!known.includes(environment)) return refuse({ _tag: 'UnknownEnvironment', environment, known });
  if (O.isNone(stack)) return E.right(plan.stacks);
  return plan.stacks.includes(stack.value)
    ? E.right([stack.value])
    : refuse({ _tag: 'UnknownStack', stack: stack.value, known: plan.stacks });
};

/**
 * What keeps the version that was signalled last from being signalled again: between its pin and its signal a promotion has
 * moved on from it (law L1).
 */
const pinTrouble = async (
  { chefServers }: LibrarianPorts,
  { stack, environment }: SignalKey,
  { manifestRecord: { version } }: Signal,
): Promise<Trouble | undefined> => {
  const reading = await chefServers.get(stack)?.environment(environment);
  if (reading?._tag === 'Unavailable') return reading.detail;
  const pin = reading?._tag === 'Found' ? pinnedVersion(reading.environment) : O.none;
  return O.isSome(pin) && pin.value === version
    ? undefined
    : `${environment} is pinned to ${O.isSome(pin) ? pin.value : 'nothing'} and signalled ${version}: a promotion is under way; ask again when it is complete`;
};

/** What a write beside the train's comes to on one stack. */
type Told =
  | { readonly _tag: 'Told' }
  | { readonly _tag: 'NothingToTell' }
  | { readonly _tag: 'Refused'; readonly refusal: RunRequestRefusal }
  | { readonly _tag: 'Failed'; readonly detail: string };

const RACES_MAX = 10;

/** Replaces the signal under `key` by what `next` makes of it, asked again for whatever somebody else wrote meanwhile. */
const tell = async (
  ports: LibrarianPorts,
  key: SignalKey,
  next: (current: O.Option<Signal>, now: EpochMs) => E.Either<RunRequestRefusal, O.Option<Signal>>,
): Promise<Told> => {
  let lost: Trouble = 'somebody else wrote it each time';
  for (let race = 0; race < RACES_MAX; race++) {
    const current = await readCurrent(ports, key);
    if (E.isLeft(current)) return { _tag: 'Failed', detail: current.left };
    const trouble = O.isSome(current.right.signal)
      ? await pinTrouble(ports, key, current.right.signal.value)
      : undefined;
    if (trouble !== undefined) return { _tag: 'Failed', detail: trouble };
    const signal = next(current.right.signal, ports.clock.now());
    if (E.isLeft(signal)) return { _tag: 'Refused', refusal: signal.left };
    if (O.isNone(signal.right)) return race === 0 ? { _tag: 'NothingToTell' } : { _tag: 'Told' };
    const written = await writeAfter(ports, key, signal.right.value, current.right.revision);
    if (E.isLeft(written)) return { _tag: 'Failed', detail: written.left };
    if (written.right._tag === 'Landed') return { _tag: 'Told' };
    if (written.right._tag === 'Unknown') lost = written.right.detail;
  }
  return { _tag: 'Failed', detail: lost };
};

const ID_RADIX = 36;

const idFor = (asker: Asker, order: RunOrder, now: EpochMs): Slug => {
  const about = JSON.stringify([asker.who, asker.why, order.environment, order.stack, order.nodes, now]);
  return nameFromLiteral(Slug)(`run-${now.toString(ID_RADIX)}-${hash32(about).toString(ID_RADIX)}`);
};

/** Tells every stack in turn; a refusal holds for all of them. */
const tellAll = async (
  stacks: readonly StackName[],
  tellOne: (stack: StackName) => Promise<Told>,
): Promise<E.Either<Failure, Omit<RunRequestReport, 'id'>>> => {
  const told = await Promise.all(stacks.map(async (stack) => ({ stack, told: await tellOne(stack) })));
  const isTold = told.some((one) => one.told._tag === 'Told' || one.told._tag === 'NothingToTell');
  const refusals = told.flatMap((one) => (one.told._tag === 'Refused' ? [one.told.refusal] : []));
  const [refusal] = refusals;
  if (refusal !== undefined && !isTold) {
    return E.left({ _tag: 'Refused', reason: refusal._tag, detail: formatRunRequestRefusal(refusal) });
  }
  return E.right({
    stacks: told.flatMap((one) => (one.told._tag === 'Told' ? [one.stack] : [])),
    troubles: told.flatMap(({ stack, told: one }): readonly TellTrouble[] => {
      if (one._tag === 'Failed') return [{ stack, detail: `stack ${stack}: ${one.detail}` }];
      if (one._tag === 'Refused') return [{ stack, detail: `stack ${stack}: ${formatRunRequestRefusal(one.refusal)}` }];
      return [];
    }),
  });
};

const outcomeOf = ({ stacks, troubles }: RunRequestReport): string =>
  troubles.length > 0
    ? `failed on ${troubles.map(({ stack }) => stack).join(', ')}`
    : stacks.length > 0
      ? 'done'
      : 'nothing to do';

/** Asks nodes to run, whatever version they have applied. The same id again is the same request (law L8). */
export const requestRun =
  (ports: LibrarianPorts) =>
  (asker: Asker, order: RunOrder): TE.TaskEither<Failure, RunRequestReport> => {
    const now = ports.clock.now();
    const { environment, nodes, splaySeconds, opensForMs } = order;
    if (opensForMs < REQUEST_OPEN_MS_MIN || opensForMs > REQUEST_OPEN_MS_MAX) {
      return TE.left(badData('expires: expected a duration from 1m to 28d'));
    }
    const id = O.getOrElse(() => idFor(asker, order, now))(order.id);
    const request: RunRequest = {
      id,
      requestedBy: asker.who,
      reason: asker.why,
      issuedEpochSeconds: Math.floor(now / SECOND_MS),
      expiresEpochSeconds: Math.floor((now + opensForMs) / SECOND_MS),
      splaySeconds,
      nodes,
    };
    const details = { id, environment, stack: O.toNullable(order.stack), nodes: O.toNullable(nodes), splaySeconds };
    const expires = formatInstant(epochMs(request.expiresEpochSeconds * SECOND_MS));
    return recorded(ports)(
      { who: asker.who, why: asker.why, what: 'run-request', details: { ...details, expires } },
      async () => {
        const stacks = stacksToTell(ports, environment, order.stack);
        if (E.isLeft(stacks)) return stacks;
        const told = await tellAll(stacks.right, (stack) =>
          tell(ports, { stack, environment }, (current, at) => signalWithRequest(current, request, at)),
        );
        return E.map((report: Omit<RunRequestReport, 'id'>) => ({ id, ...report }))(told);
      },
      outcomeOf,
    );
  };

/** Which request to take back, and where. */
export interface Withdrawal {
  readonly id: Slug;
  readonly environment: EnvironmentName;
  /** None: every stack of the plan. */
  readonly stack: O.Option<StackName>;
}

/** Takes a run request back: nodes that have not run for it yet do not any more. */
export const withdrawRun =
  (ports: LibrarianPorts) =>
  (asker: Asker, { id, environment, stack }: Withdrawal): TE.TaskEither<Failure, RunRequestReport> =>
    recorded(ports)(
      {
        who: asker.who,
        why: asker.why,
        what: 'withdraw run-request',
        details: { id, environment, stack: O.toNullable(stack) },
      },
      async () => {
        const stacks = stacksToTell(ports, environment, stack);
        if (E.isLeft(stacks)) return stacks;
        const told = await tellAll(stacks.right, (one) =>
          tell(ports, { stack: one, environment }, (current, at) => E.right(signalWithoutRequest(current, id, at))),
        );
        if (E.isLeft(told)) return told;
        if (told.right.stacks.length + told.right.troubles.length > 0) return E.right({ id, ...told.right });
        return E.left({ _tag: 'NotFound', detail: `run request ${id}: none is open in ${environment}` });
      },
      outcomeOf,
    );

/** A run request that is open, and where. */
export interface OpenRequest {
  readonly environment: EnvironmentName;
  readonly stacks: readonly StackName[];
  readonly request: RunRequest;
}

/** The run requests that are open, those that were told to several stacks once. */
export const openRunRequests =
  (ports: LibrarianPorts): TE.TaskEither<Failure, readonly OpenRequest[]> =>
  async () => {
    const keys = environmentsOf(ports.plan).flatMap((environment) =>
      ports.plan.stacks.map((stack): SignalKey => ({ stack, environment })),
    );
    const read = await Promise.all(keys.map(async (key) => ({ key, current: await readCurrent(ports, key) })));
    const open = new Map<string, OpenRequest>();
    for (const { key, current } of read) {
      if (E.isLeft(current)) return E.left(unavailable(current.left));
      if (O.isNone(current.right.signal)) continue;
      for (const request of openRequests(current.right.signal.value, ports.clock.now())) {
        const name = `${key.environment}/${request.id}`;
        const stacks = [...(open.get(name)?.stacks ?? []), key.stack];
        open.set(name, { environment: key.environment, stacks, request });
      }
    }
    return E.right([...open.values()]);
  };
