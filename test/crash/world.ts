/**
 * The world around a node of a crash campaign: a bus, on which versions and run requests are published, and people on the
 * node. It remembers what the node owes.
 *
 * @module
 */
import { join } from 'node:path';
import * as O from 'fp-ts/lib/Option.js';
import { filesystemSignalBus } from '../../src/adapters/filesystem/index.ts';
import { requestBox } from '../../src/adapters/request-box/index.ts';
import { nameFromLiteral, Slug } from '../../src/domain/names.ts';
import { encodeNodeRequest } from '../../src/domain/node-request.ts';
import type { NodeState } from '../../src/domain/node-state.ts';
import { encodeSignal, type RunRequest } from '../../src/domain/signal.ts';
import { epochMs, SECOND_MS } from '../../src/domain/time.ts';
import type { Revision } from '../../src/ports/conditional-write.ts';
import { IDENTITY, signalOf } from '../apps/summoner/machine.ts';
import type { Settlement } from './judge.ts';
import type { Round } from './plan.ts';

const slug = nameFromLiteral(Slug);

/** Nothing that is asked for expires in a campaign. */
const FOR_EVER_SECONDS = 30 * 86_400;

/** The world around a node. */
export interface World {
  /** Lets happen what happens before the daemon of a round starts. */
  readonly before: (round: Round) => Promise<void>;
  /** What keeps the node from rest, by its state; nothing when everything that was promised has come true. */
  readonly owed: (state: NodeState | undefined) => Promise<string | undefined>;
  /** Draws the line under what was promised so far. */
  readonly settle: (trouble: string | undefined) => Omit<Settlement, 'wrecks'>;
}

/** The world of the node in `directory`, by the clock `now`. */
export const worldOf = (directory: string, now: () => number): World => {
  const bus = filesystemSignalBus(join(directory, 'bus'));
  const people = requestBox(join(directory, 'node', 'requests'));
  let revision: Revision | undefined;
  let [versions, requestCount, splaySeconds] = [0, 0, 0];
  let open: readonly RunRequest[] = [];
  let runNows: readonly number[] = [];

  const version = (): string | undefined => (versions === 0 ? undefined : `1.0.${versions}`);

  const publish = async (): Promise<void> => {
    const signal = { ...signalOf(version() ?? '', now(), splaySeconds), runRequests: open };
    const written = await bus.write(IDENTITY, encodeSignal(signal), revision);
    if (written._tag !== 'Landed') throw new Error(`publish: expected it to land, got ${written._tag}`);
    ({ revision } = written);
  };

  const requested = (): RunRequest => ({
    id: slug(`request-${(requestCount += 1)}`),
    requestedBy: 'ann',
    reason: 'to see',
    issuedEpochSeconds: Math.floor(now() / SECOND_MS),
    expiresEpochSeconds: Math.floor(now() / SECOND_MS) + FOR_EVER_SECONDS,
    splaySeconds: 0,
    nodes: O.none,
  });

  const askForRun = async (): Promise<void> => {
    const at = now();
    const body = encodeNodeRequest({ ask: { _tag: 'RunNow' }, askedAt: epochMs(at), by: 'ann', reason: O.none });
    const left = await people.put(body, at);
    if (left._tag !== 'Left') throw new Error(`run-now: expected it to be left, got ${left.detail}`);
    runNows = [...runNows, at];
  };

  return {
    before: async (round) => {
      if (round.publish !== undefined) {
        versions += 1;
        ({ splaySeconds } = round.publish);
      }
      const isRequested = round.isRunRequested && versions > 0;
      if (isRequested) open = [...open, requested()];
      if (round.publish !== undefined || isRequested) await publish();
      if (round.isRunNowAsked) await askForRun();
    },
    owed: async (state) => {
      if (state === undefined) return 'no state';
      if (O.isNone(state.lastSuccess)) return 'no success';
      if (O.isSome(state.running)) return 'a run is under way';
      if (O.toUndefined(state.applied) !== version())
        return `${O.toNullable(state.applied)} and not ${version()} is applied`;
      const handled = new Set<string>(state.handled.map(({ id }) => id));
      const request = open.find(({ id }) => !handled.has(id));
      if (request !== undefined) return `request ${request.id} is not handled`;
      const box = await people.look();
      const isHeard = box._tag === 'Read' && box.requests.length === 0;
      return state.runNow || !isHeard ? 'a person still waits for a run' : undefined;
    },
    settle: (trouble) => {
      const settlement = { version: version(), requests: open.map(({ id }) => id), runNows, trouble };
      [open, runNows] = [[], []];
      return settlement;
    },
  };
};
