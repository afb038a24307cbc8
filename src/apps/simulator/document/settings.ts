/**
 * How nodes, runs, the fallback and the Librarian of a scenario are set, as its document has it. Every field may be
 * left out, and is then as it is shipped.
 *
 * @module
 */
import * as t from 'io-ts';
import { boundedInteger, type DocumentFault } from '../../../domain/decoding.ts';
import { FALLBACK_SECONDS_MAX } from '../../../domain/fallback.ts';
import { boundedDuration } from '../../../domain/json-fields.ts';
import { pollingFor } from '../../../domain/polling.ts';
import { DAY_MS, formatDuration, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../domain/time.ts';
import {
  FALLBACK_SETTINGS,
  type FallbackSettings,
  LIBRARIAN_SETTINGS,
  type LibrarianSettings,
  NODE_SETTINGS,
  type NodeSettings,
  RUN_SETTINGS,
  type RunSettings,
} from '../scenario.ts';
import { boundedSeconds, exactRecord, Share, SplaySeconds, Working } from './fields.ts';

/** {@link RunSettings} as a document has them. */
export interface RunsJson {
  readonly shortest?: string;
  readonly longest?: string;
  readonly flaky_share?: number;
  readonly time_limit?: string;
}

/** {@link NodeSettings} as a document has them, by the names of the configuration. */
export interface NodeJson {
  readonly poll_every?: string;
  readonly poll_soon?: string;
  readonly poll_idle?: string;
  readonly window?: string;
  readonly lead?: string;
  readonly catch_up_splay?: number;
  readonly attempts_max?: number;
  readonly backoff_base?: string;
  readonly backoff_cap?: string;
  readonly restart?: string;
  readonly run_in?: 'child' | 'unit';
}

/** {@link FallbackSettings} as a document has them; `none` or null: the image has no fallback. */
export type FallbackJson =
  | {
      readonly every?: string;
      readonly threshold?: string;
      readonly retry_interval?: string;
      readonly splay?: number;
    }
  | 'none'
  | null;

/** {@link LibrarianSettings} as a document has them. */
export interface LibrarianJson {
  readonly tick_every?: string;
  readonly replicas?: number;
}

/** So many Librarians at once, and no more. */
const REPLICAS_MAX = 10;

const Interval = boundedDuration(SECOND_MS, HOUR_MS);
const Window = boundedDuration(MINUTE_MS, 30 * DAY_MS);
const Lead = boundedDuration(0, 30 * DAY_MS);

/** Reads and writes {@link RunsWire}. */
export const RunsField = exactRecord(
  'how runs go',
  {},
  { shortest: Working, longest: Working, flaky_share: Share, time_limit: Working },
);
/** {@link RunsJson} with its fields read. */
export type RunsWire = t.TypeOf<typeof RunsField>;

/** Reads and writes {@link NodeWire}. */
export const NodeField = exactRecord(
  'how nodes are configured',
  {},
  {
    poll_every: Interval,
    poll_soon: Interval,
    poll_idle: Interval,
    window: Window,
    lead: Lead,
    catch_up_splay: SplaySeconds,
    attempts_max: boundedInteger('attempts', 1, 100),
    backoff_base: Working,
    backoff_cap: Working,
    restart: boundedDuration(0, DAY_MS),
    run_in: t.keyof({ child: null, unit: null }, 'child or unit'),
  },
);
/** {@link NodeJson} with its fields read. */
export type NodeWire = t.TypeOf<typeof NodeField>;

const FallbackFields = exactRecord(
  'how the fallback is configured',
  {},
  {
    every: boundedDuration(MINUTE_MS, DAY_MS),
    threshold: boundedSeconds(FALLBACK_SECONDS_MAX),
    retry_interval: boundedSeconds(FALLBACK_SECONDS_MAX),
    splay: SplaySeconds,
  },
);
type FallbackFields = t.TypeOf<typeof FallbackFields>;

/** {@link FallbackJson} with its fields read. */
export type FallbackWire = FallbackFields | 'none';

/** Reads and writes a {@link FallbackWire}. */
export const FallbackField: t.Type<FallbackWire, FallbackJson> = new t.Type<FallbackWire, FallbackJson>(
  'how the fallback is configured',
  (u): u is FallbackWire => u === 'none' || FallbackFields.is(u),
  (u, context): t.Validation<FallbackWire> => {
    if (u === 'none' || u === null) return t.success('none');
    return typeof u === 'object'
      ? FallbackFields.validate(u, context)
      : t.failure(u, context, '"none", or how the fallback is configured');
  },
  (wire) => (wire === 'none' ? 'none' : FallbackFields.encode(wire)),
);

/** Reads and writes {@link LibrarianWire}. */
export const LibrarianField = exactRecord(
  'how the Librarian runs',
  {},
  { tick_every: Interval, replicas: boundedInteger('replicas', 1, REPLICAS_MAX) },
);
/** {@link LibrarianJson} with its fields read. */
export type LibrarianWire = t.TypeOf<typeof LibrarianField>;

/** The settings that `wire` stands for. */
export const runsOfWire = (wire: RunsWire = {}): RunSettings => ({
  shortestMs: wire.shortest ?? RUN_SETTINGS.shortestMs,
  longestMs: wire.longest ?? RUN_SETTINGS.longestMs,
  flakyShare: wire.flaky_share ?? RUN_SETTINGS.flakyShare,
  timeLimitMs: wire.time_limit ?? RUN_SETTINGS.timeLimitMs,
});

/** The settings as a document has them. */
export const wireOfRuns = (runs: RunSettings): RunsWire => ({
  shortest: runs.shortestMs,
  longest: runs.longestMs,
  flaky_share: runs.flakyShare,
  time_limit: runs.timeLimitMs,
});

/** The settings that `wire` stands for. */
export const nodeOfWire = (wire: NodeWire = {}): NodeSettings => ({
  ...pollingFor({ pollEveryMs: wire.poll_every, pollSoonMs: wire.poll_soon, pollIdleMs: wire.poll_idle }),
  windowMs: wire.window ?? NODE_SETTINGS.windowMs,
  leadMs: wire.lead ?? NODE_SETTINGS.leadMs,
  catchUpSplaySeconds: wire.catch_up_splay ?? NODE_SETTINGS.catchUpSplaySeconds,
  attemptsMax: wire.attempts_max ?? NODE_SETTINGS.attemptsMax,
  backoff: {
    baseMs: wire.backoff_base ?? NODE_SETTINGS.backoff.baseMs,
    capMs: wire.backoff_cap ?? NODE_SETTINGS.backoff.capMs,
  },
  restartMs: wire.restart ?? NODE_SETTINGS.restartMs,
  runIn: wire.run_in ?? NODE_SETTINGS.runIn,
});

/** The settings as a document has them. */
export const wireOfNode = (node: NodeSettings): NodeWire => ({
  poll_every: node.pollEveryMs,
  poll_soon: node.pollSoonMs,
  poll_idle: node.pollIdleMs,
  window: node.windowMs,
  lead: node.leadMs,
  catch_up_splay: node.catchUpSplaySeconds,
  attempts_max: node.attemptsMax,
  backoff_base: node.backoff.baseMs,
  backoff_cap: node.backoff.capMs,
  restart: node.restartMs,
  run_in: node.runIn,
});

/** The settings that `wire` stands for; undefined: the image has no fallback. */
export const fallbackOfWire = (wire: FallbackWire = {}): FallbackSettings | undefined =>
  wire === 'none'
    ? undefined
    : {
        everyMs: wire.every ?? FALLBACK_SETTINGS.everyMs,
        thresholdSeconds: wire.threshold ?? FALLBACK_SETTINGS.thresholdSeconds,
        retryIntervalSeconds: wire.retry_interval ?? FALLBACK_SETTINGS.retryIntervalSeconds,
        splaySeconds: wire.splay ?? FALLBACK_SETTINGS.splaySeconds,
      };

/** The settings as a document has them. */
export const wireOfFallback = (fallback: FallbackSettings | undefined): FallbackWire =>
  fallback === undefined
    ? 'none'
    : {
        every: fallback.everyMs,
        threshold: fallback.thresholdSeconds,
        retry_interval: fallback.retryIntervalSeconds,
        splay: fallback.splaySeconds,
      };

/** The settings that `wire` stands for. */
export const librarianOfWire = (wire: LibrarianWire = {}): LibrarianSettings => ({
  tickEveryMs: wire.tick_every ?? LIBRARIAN_SETTINGS.tickEveryMs,
  replicas: wire.replicas ?? LIBRARIAN_SETTINGS.replicas,
});

/** The settings as a document has them. */
export const wireOfLibrarian = (librarian: LibrarianSettings): LibrarianWire => ({
  tick_every: librarian.tickEveryMs,
  replicas: librarian.replicas,
});

/** What of the settings contradicts itself, defaults included. */
export const settingsFaults = (runs: RunSettings, node: NodeSettings): readonly DocumentFault[] => {
  const orders: readonly (readonly [readonly string[], number, boolean, string])[] = [
    [['runs', 'longest'], runs.longestMs, runs.longestMs >= runs.shortestMs, 'at least shortest'],
    [['runs', 'time_limit'], runs.timeLimitMs, runs.timeLimitMs >= runs.longestMs, 'at least longest'],
    [['node', 'lead'], node.leadMs, node.leadMs < node.windowMs, 'less than window'],
    [['node', 'poll_soon'], node.pollSoonMs, node.pollSoonMs <= node.pollEveryMs, 'at most poll_every'],
    [['node', 'poll_idle'], node.pollIdleMs, node.pollIdleMs >= node.pollEveryMs, 'at least poll_every'],
    [['node', 'backoff_base'], node.backoff.baseMs, node.backoff.baseMs <= node.backoff.capMs, 'at most backoff_cap'],
  ];
  return orders
    .filter(([, , holds]) => !holds)
    .map(([path, ms, , expected]) => ({ path, value: formatDuration(ms), expected }));
};
