/**
 * chef-client on one node: one process at a time, since it holds a lock, and every process takes its time.
 *
 * @module
 */
import type { Version } from '../../domain/names.ts';
import type { RunEnd } from '../../domain/run-outcome.ts';
import { type EpochMs, SECOND_MS } from '../../domain/time.ts';
import { drawn, PURPOSE } from './draw.ts';
import type { Place } from './place.ts';
import type { World } from './world.ts';

/** A process under way. */
export interface ChefRun {
  /** Who hears of its end; nobody, where that one has died. */
  by: 'summoner' | 'fallback' | 'nobody';
  /** What tells a run of the Summoner's from every other: when it began, as the agent wrote it down. */
  readonly title: EpochMs | undefined;
  readonly startedAt: EpochMs;
  endsAt: number;
  /** It replaces the agent then. */
  replacesAgentAt: number;
  readonly end: RunEnd;
  /** What its success brings to the node. */
  readonly version: Version | undefined;
  /** Whether it was one of many that could be spread in time; a retry, or one that hangs, is none. */
  isSpread: boolean;
}

/** How a second process ends, at once: the first holds the lock. */
export const LOCK_HELD: RunEnd = { _tag: 'Exited', code: 1 };

const SUCCEEDED: RunEnd = { _tag: 'Exited', code: 0 };
const FAILED: RunEnd = { _tag: 'Exited', code: 1 };
const UPGRADED: RunEnd = { _tag: 'Exited', code: 213 };
const TIMED_OUT: RunEnd = { _tag: 'TimedOut' };

/** How long chef-client tries before it gives up on a server that does not answer. */
const SERVER_DOWN_MS = 30 * SECOND_MS;

/** chef-client on one node. */
export class ChefClient {
  /** The process that holds the lock. */
  run: ChefRun | undefined;
  /** What goes wrong with the next process, whatever it brings. */
  next: 'hangs' | 'upgrades' | undefined;
  /** The next process replaces the agent half way, unless its server does not answer. */
  isAgentReplaced = false;
  readonly #world: World;
  readonly #node: { readonly index: number; readonly place: Place };
  #nth = 0;

  constructor(world: World, node: { readonly index: number; readonly place: Place }) {
    this.#world = world;
    this.#node = node;
  }

  /**
   * Starts a process, which from now on holds the lock. It brings what the server pins the environment to now.
   *
   * @param title - of a run of the Summoner's.
   */
  start(by: ChefRun['by'], title: ChefRun['title'], at: EpochMs): ChefRun {
    const replacesAgent = this.isAgentReplaced && !this.#node.place.isServerDown;
    this.isAgentReplaced = false;
    const { end, lastsMs, version } = this.#fate(at);
    const replacesAgentAt = replacesAgent ? at + Math.floor(lastsMs / 2) : Infinity;
    const isSpread = end._tag !== 'TimedOut';
    this.run = { by, title, startedAt: at, endsAt: at + lastsMs, replacesAgentAt, end, version, isSpread };
    return this.run;
  }

  #fate(at: EpochMs): { readonly end: RunEnd; readonly lastsMs: number; readonly version: Version | undefined } {
    const { scenario, seed } = this.#world;
    const { shortestMs, longestMs, flakyShare, timeLimitMs } = scenario.runs;
    const { index, place } = this.#node;
    const nth = this.#nth++;
    const { next } = this;
    this.next = undefined;
    const lastsMs = shortestMs + Math.floor(drawn(seed, PURPOSE.runLength, index, nth) * (longestMs - shortestMs)) || 1;
    if (place.isServerDown) return { end: FAILED, lastsMs: SERVER_DOWN_MS, version: undefined };
    const harm = place.pin === undefined ? undefined : this.#world.harmOf(place.pin, this.#node, at);
    if (next === 'hangs' || (next === undefined && harm === 'hangs')) {
      return { end: TIMED_OUT, lastsMs: timeLimitMs, version: undefined };
    }
    if (next === 'upgrades') return { end: UPGRADED, lastsMs, version: undefined };
    const isFlaky = drawn(seed, PURPOSE.runFlakes, index, nth) < flakyShare;
    return harm === 'fails' || isFlaky
      ? { end: FAILED, lastsMs, version: undefined }
      : { end: SUCCEEDED, lastsMs, version: place.pin };
  }
}
