/**
 * The laws that a node keeps however often its daemon is killed (law N8), over what was seen of it from outside: its files
 * after every kill, and what its runs noted down when they started.
 *
 * @module
 */
import { separate } from 'fp-ts/lib/Array.js';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { formatFieldErrors } from '../../src/domain/decoding.ts';
import { parseLastRun } from '../../src/domain/last-run.ts';
import { decodeNodeState, type NodeState, type Running } from '../../src/domain/node-state.ts';
import { decodeNodeStatus } from '../../src/domain/node-status.ts';
import { compareTimestamps, SECOND_MS } from '../../src/domain/time.ts';

/** What lay there after a kill. */
export interface Wreck {
  readonly state: string | undefined;
  readonly status: string | undefined;
  /** Names in the node's directory that are no part of it, such as temporary files. */
  readonly leftovers: readonly string[];
}

/** What a node has been through. */
export interface History {
  /** One for every kill, in order. */
  readonly wrecks: readonly Wreck[];
  /** The state file as each run found it when it started, in order. */
  readonly starts: readonly string[];
  /** Everything that was promised to the node before it was left in peace, and what it had made of that then. */
  readonly settlements: readonly Settlement[];
}

/** How a node came to rest. */
export interface Settlement {
  /** So many wrecks are older. */
  readonly wrecks: number;
  /** The newest version that was published. */
  readonly version: string | undefined;
  /** Run requests that were published since the last settlement. */
  readonly requests: readonly string[];
  /** When people on the node asked for runs since the last settlement, in epoch milliseconds. */
  readonly runNows: readonly number[];
  /** Why it did not come to rest, if it did not. */
  readonly trouble: string | undefined;
}

/** Where a kill may strike, by what it leaves. */
export const STRUCK = ['BeforeAnything', 'Writing', 'Running', 'Waiting', 'AtRest'] as const;

/** Where a kill has struck. */
export type Struck = (typeof STRUCK)[number];

const stateOf = (text: string): E.Either<string, NodeState> =>
  E.bimap(formatFieldErrors, ({ state }: { readonly state: NodeState }) => state)(decodeNodeState(text));

/** Where the kill that left `wreck` has struck. */
export const struck = (wreck: Wreck): Struck => {
  if (wreck.leftovers.length > 0) return 'Writing';
  if (wreck.state === undefined) return 'BeforeAnything';
  const state = stateOf(wreck.state);
  if (E.isLeft(state)) return 'Writing';
  if (O.isSome(state.right.running)) return 'Running';
  return O.isSome(state.right.pending) || state.right.requests.length > 0 ? 'Waiting' : 'AtRest';
};

const tornFiles = ({ state, status }: Wreck): readonly string[] => {
  const found: string[] = [];
  if (state !== undefined) {
    const read = stateOf(state);
    if (E.isLeft(read)) found.push(`the state is torn: ${read.left}: ${JSON.stringify(state.slice(-80))}`);
    const lastRun = parseLastRun(state);
    if (lastRun._tag === 'Torn') found.push('the state is torn for the fallback');
    const inState = E.isRight(read) ? O.toUndefined(read.right.lastSuccess) : undefined;
    const inLine = lastRun._tag === 'Succeeded' ? lastRun.epochSeconds * SECOND_MS : undefined;
    if (E.isRight(read) && inState !== inLine) found.push('the fallback reads another last success than the Summoner');
  }
  if (status !== undefined && E.isLeft(decodeNodeStatus(status))) found.push('the status is torn');
  return found;
};

/** What one state must still know of an earlier one. */
const forgotten = (before: NodeState, after: NodeState): readonly string[] => {
  const found: string[] = [];
  const [wasAccepted, isAccepted] = [O.toUndefined(before.accepted), O.toUndefined(after.accepted)];
  if (wasAccepted !== undefined && (isAccepted === undefined || compareTimestamps(isAccepted, wasAccepted) < 0)) {
    found.push('S6: an older signal than before is the last one accepted');
  }
  const [wasSuccess, isSuccess] = [O.toUndefined(before.lastSuccess), O.toUndefined(after.lastSuccess)];
  if (wasSuccess !== undefined && (isSuccess === undefined || isSuccess < wasSuccess)) {
    found.push('N7: the last success went back');
  }
  const [was, is] = [O.toUndefined(before.pending), O.toUndefined(after.pending)];
  // A run in between, or one that was cut short, puts it off.
  const hasRun = O.isSome(before.running) || O.toUndefined(before.lastAttempt) !== O.toUndefined(after.lastAttempt);
  if (was !== undefined && is !== undefined && !hasRun) {
    const lateMs = is.startAt - was.startAt;
    if (is.version === was.version && is.attempts === was.attempts && lateMs !== 0) {
      found.push(`N3, fault 55: the start of ${is.version} moved by ${lateMs / SECOND_MS} s`);
    }
    if (is.version !== was.version && was.attempts === 0 && lateMs > 0) {
      found.push(`N4: ${is.version} starts ${lateMs / SECOND_MS} s after ${was.version} would have`);
    }
  }
  return found;
};

/** The run that began when the state file was `text`. */
const startOf = (text: string): E.Either<string, Running> => {
  const state = stateOf(text);
  if (E.isLeft(state)) return E.left(`a run found a torn state: ${state.left}`);
  return E.fromOption(() => 'N8: a run started that the state does not know of')(state.right.running);
};

/** `what` was started for again, though no kill had cut the start before short. */
const repeated = (
  starts: readonly Running[],
  cutShort: ReadonlySet<number>,
  what: (running: Running) => readonly string[],
): readonly string[] => {
  const last = new Map<string, number>();
  const found: string[] = [];
  for (const running of starts) {
    for (const name of what(running)) {
      const before = last.get(name);
      if (before !== undefined && !cutShort.has(before))
        found.push(`N8: ${name} was run for twice without a kill between`);
      last.set(name, running.startedAt);
    }
  }
  return found;
};

const lost = (starts: readonly Running[], settlement: Settlement): readonly string[] => {
  const { version, requests, runNows, trouble } = settlement;
  if (trouble !== undefined) return [`a run is lost: ${trouble}`];
  const wanted: readonly (readonly [string, (running: Running) => boolean])[] = [
    ...(version === undefined
      ? []
      : [[`N2: version ${version}`, (running: Running) => O.toUndefined(running.version) === version] as const]),
    ...requests.map(
      (id) => [`N11: request ${id}`, (running: Running) => running.requests.some((is) => is === id)] as const,
    ),
    ...runNows.map(
      (at) => [`a run that was asked for at ${at}`, (running: Running) => running.startedAt >= at] as const,
    ),
  ];
  return wanted.filter(([, isIt]) => !starts.some(isIt)).map(([what]) => `${what} was lost`);
};

/** What a daemon that came to rest had not cleared away (fault 41). */
const kept = (wrecks: readonly Wreck[], { wrecks: count }: Settlement): readonly string[] => {
  const before = new Set(wrecks.slice(0, count).flatMap(({ leftovers }) => leftovers));
  const found = wrecks.slice(count).flatMap(({ leftovers }) => leftovers.filter((name) => before.has(name)));
  return [...new Set(found)].map((name) => `fault 41: ${name} is left for ever`);
};

/** What of `history` is against the laws; nothing, in the best case. */
export const judge = ({ wrecks, starts: startTexts, settlements }: History): readonly string[] => {
  const { left: unknown, right: starts } = separate(startTexts.map(startOf));
  const found = [...unknown];
  const startedAt = new Set(starts.map((running) => running.startedAt));
  if (startedAt.size < starts.length) found.push('N8: one decision was run twice');

  const cutShort = new Set<number>();
  let before: NodeState | undefined;
  for (const wreck of wrecks) {
    found.push(...tornFiles(wreck));
    const state = wreck.state === undefined ? undefined : E.toUnion(E.mapLeft(() => undefined)(stateOf(wreck.state)));
    if (before !== undefined && wreck.state === undefined) found.push('the state is gone');
    if (state === undefined) continue;
    if (O.isSome(state.running)) cutShort.add(state.running.value.startedAt);
    if (before !== undefined) found.push(...forgotten(before, state));
    before = state;
  }
  found.push(
    ...repeated(starts, cutShort, ({ version }) => (O.isSome(version) ? [`version ${version.value}`] : [])),
    ...repeated(starts, cutShort, ({ requests }) => requests.map((id) => `request ${id}`)),
    ...settlements.flatMap((settlement) => [...lost(starts, settlement), ...kept(wrecks, settlement)]),
  );
  return found;
};
