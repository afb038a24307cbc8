/**
 * One promotion on one stack: pin, read back, signal, in that order and each only after the one before (law L1). Doing it
 * again from the start is harmless, whatever of it was done already (law L3).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { departuresOf, signalAfterPromotion } from '../../domain/next-signal.ts';
import type { EnvironmentName, StackName } from '../../domain/names.ts';
import { isPinnedTo } from '../../domain/pin.ts';
import { type Signal, type SignalKey, signalPath } from '../../domain/signal.ts';
import type { Promotion } from '../../domain/tick.ts';
import { type EpochMs, later } from '../../domain/time.ts';
import { isToldBy } from '../../domain/told.ts';
import type { Step } from '../../domain/train-memory.ts';
import type { ArtifactRecord } from '../../ports/artifact-store.ts';
import type { ChefServer } from '../../ports/chef-server.ts';
import { bodyOf, readCurrent, type Trouble, writeAfter } from './current-signal.ts';
import type { LibrarianPorts } from './librarian-ports.ts';

/** A promotion, whoever decided it. */
export type AnyPromotion = Pick<Promotion, 'environment' | 'version' | 'stacks' | 'splaySeconds'> & {
  readonly reason: string;
};

const SIGNAL_RACES_MAX = 10;

/** The open step that wants a promotion of its environment; the reason where none does any more. */
export type IsWanted = () => Promise<E.Either<Trouble, Step>>;

/** The signal that tells of `record` under `key`, after what was told there before. */
const signalFor = (
  { plan, bucket, artifacts }: LibrarianPorts,
  key: SignalKey,
  record: ArtifactRecord,
  splaySeconds: number,
  previous: O.Option<Signal>,
  now: EpochMs,
): Signal => {
  const { manifest, addedAt } = record;
  const artifact = { manifest, uploadedAt: addedAt, bucket, key: artifacts.keyOf(record) };
  const terms = { splaySeconds, departures: departuresOf(plan, key.environment) };
  return signalAfterPromotion(key, artifact, terms, previous, now);
};

/**
 * Writes the signal of a promotion that is still wanted, unless its step has been told already (law L8). Whether it is
 * wanted is asked after the look at the key and before the write against the revision of that look; so what is written
 * between the question and the write makes it a conflict.
 *
 * That holds only if whoever takes the promotion's place does write: see {@link isToldBy}. Its signal is never older than
 * its decision, whatever this machine's clock says.
 */
const writeSignal = async (
  ports: LibrarianPorts,
  key: SignalKey,
  record: ArtifactRecord,
  splaySeconds: number,
  isWanted: IsWanted,
): Promise<E.Either<Trouble, void>> => {
  let lost = 'somebody else wrote it each time';
  for (let race = 0; race < SIGNAL_RACES_MAX; race++) {
    const current = await readCurrent(ports, key);
    if (E.isLeft(current)) return current;
    const { signal, revision } = current.right;
    const wanted = await isWanted();
    if (E.isLeft(wanted)) return wanted;
    const step = wanted.right;
    if (isToldBy(signal, step)) return E.right(undefined);
    const now = later(ports.clock.now(), step.openedAt);
    const written = await writeAfter(ports, key, signalFor(ports, key, record, splaySeconds, signal, now), revision);
    if (E.isLeft(written)) return written;
    if (written.right._tag === 'Landed') return E.right(undefined);
    // A conflict, or an answer that was lost: the next look tells what the key holds now.
    if (written.right._tag === 'Unknown') lost = written.right.detail;
  }
  return E.left(`signal bus: ${signalPath(key)} could not be written in ${SIGNAL_RACES_MAX} attempts: ${lost}`);
};

/** Whether the stack itself says that it holds all of the artifact (laws L1 and L7). */
const checkComplete = async (
  server: ChefServer,
  { version, sha256 }: ArtifactRecord,
): Promise<E.Either<Trouble, void>> => {
  const listing = await server.completeArtifacts();
  if (listing._tag === 'Unavailable') return E.left(listing.detail);
  return listing.sha256ByVersion.get(version) === sha256
    ? E.right(undefined)
    : E.left(`${version} is not complete there; add it again`);
};

const pinAndReadBack = async (
  server: ChefServer,
  environment: EnvironmentName,
  record: ArtifactRecord,
): Promise<E.Either<Trouble, void>> => {
  const pinned = await server.pin(environment, record.manifest);
  if (pinned._tag === 'Unavailable') return E.left(pinned.detail);
  const readBack = await server.environment(environment);
  if (readBack._tag === 'Unavailable') return E.left(readBack.detail);
  return readBack._tag === 'Found' && isPinnedTo(readBack.environment, record.manifest)
    ? E.right(undefined)
    : E.left(`the pin of ${environment} does not read back as ${record.version}`);
};

/**
 * Carries out `promotion` on one stack. Never rejects.
 *
 * @param isWanted - asked before the pin and again before each attempt at the signal: a promotion that waited long for its
 * turn may have been overtaken by a rollback, and must not bring back what that took away.
 */
export const promoteOnStack =
  (ports: LibrarianPorts) =>
  async (
    promotion: AnyPromotion,
    record: ArtifactRecord,
    stack: StackName,
    isWanted: IsWanted,
  ): Promise<E.Either<Trouble, void>> => {
    const { environment, splaySeconds } = promotion;
    const server = ports.chefServers.get(stack);
    if (server === undefined) return E.left(`stack ${stack}: no Chef server is configured`);
    const key = { stack, environment };
    const passes: readonly (() => Promise<E.Either<Trouble, unknown>>)[] = [
      // What no node could be told is not pinned either.
      () => Promise.resolve(bodyOf(key, signalFor(ports, key, record, splaySeconds, O.none, ports.clock.now()))),
      () => checkComplete(server, record),
      isWanted,
      () => pinAndReadBack(server, environment, record),
      () => writeSignal(ports, key, record, splaySeconds, isWanted),
    ];
    for (const pass of passes) {
      const passed = await pass();
      if (E.isLeft(passed)) return E.left(`stack ${stack}: ${passed.left}`);
    }
    return E.right(undefined);
  };
