/**
 * Every state of one node, and all that can happen to it: the shipped `step` between a bus that answers what it likes,
 * runs that end as they like, people, and deaths of the agent between any two of its steps.
 *
 * Time goes in whole seconds, and a state is known by how far its instants lie from now: `step` compares instants with
 * now and with one another, and with whole seconds alone (the phase of its polls, the cut of its last success), so that
 * it does the same at any whole second. What has no bound by itself is cut off where nothing can tell the difference:
 *
 * - the last success, once the floor's start is fixed by an attempt: only that start counts then;
 * - the starts of what was given up or has expired, which start nothing;
 * - how often the floor failed, since its wait is the cap from the first time on; failures, which are for people; and
 *   interruptions beyond the number at which nothing is restored any more;
 * - when the next poll is and how many have failed: the wait between two is a second at most, so one is due every second;
 * - the last attempt's instant and since when the node is disabled: no clock is set here, and nothing else asks.
 *
 * Everything else is bounded by what may happen: runs, times without an agent, and disablings last two seconds at most.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { Disabling } from '../../src/domain/disabling.ts';
import { decodeNodeState, EMPTY_NODE_STATE, encodeNodeState, type NodeState } from '../../src/domain/node-state.ts';
import type { RunEnd } from '../../src/domain/run-outcome.ts';
import type { Signal } from '../../src/domain/signal.ts';
import { type BusHealth, type Observation, startingBus, step, type SummonerEvent } from '../../src/domain/summoner.ts';
import { type EpochMs, plus, SECOND_MS } from '../../src/domain/time.ts';
import { healthyState, type Step } from '../support/node-harness.ts';
import { requestOf, signalOf, START, timestampAt, versionOf } from '../support/node-signals.ts';
import type { Move, Space, Violation } from './explore.ts';
import {
  BLANK,
  isAtRest,
  judgeStep,
  lateOn,
  type Ledger,
  POLICY,
  REQUEST_SPLAY_SECONDS,
  SPLAY_SECONDS,
  type Told,
} from './summoner-ledger.ts';

/** How large a search is, and what may happen in it. Polls, run ends, deaths and restarts always do. */
export interface SummonerBounds {
  readonly name: string;
  /** So many signals; the nth names version n or an earlier one. */
  readonly signals: number;
  /** A run may end with an upgrade of the client. */
  readonly upgrades?: boolean;
  /** A signal may carry a run request. */
  readonly request?: boolean;
  /** So often a person disables the node, with and without its floor, and may enable it again. */
  readonly disablings?: number;
  /** So often a person on the node asks for a run. */
  readonly runNows?: number;
  /** How many seconds a run, or a time without an agent, lasts at most; 1 unless it is said. */
  readonly seconds?: number;
  /** The node has run before; otherwise it may also be one that never ran. */
  readonly isOld?: boolean;
  /** The bus answers an older signal. */
  readonly replays?: boolean;
}

/** One state. */
export interface NodeWorld {
  readonly now: EpochMs;
  /** What the agent remembers, and its file as well: every step is stored before anything comes of it. */
  readonly node: NodeState;
  /** None: the agent is down. */
  readonly bus: BusHealth | undefined;
  /** For how many seconds it has been down. */
  readonly downFor: number;
  /** When the chef-client that is under way was started. */
  readonly startedAt: EpochMs | undefined;
  /** The second has come and the agent has not polled yet. */
  readonly owesPoll: boolean;
  readonly published: readonly Told[];
  readonly disablings: number;
  readonly runNows: number;
  readonly ledger: Ledger;
}

const DISABLED_SECONDS = 2;
const SECONDS_MAX = 2;
const REQUEST_LASTS_SECONDS = 4;

type NodeMove = Move<NodeWorld>;

const DAY_BEFORE = plus(START, -86_400_000);

const signalOfTold = ({ order, version, requestExpires }: Told): Signal =>
  signalOf({
    version: `1.0.${version}`,
    timestamp: timestampAt(DAY_BEFORE, order),
    splaySeconds: SPLAY_SECONDS,
    runRequests:
      requestExpires === 0
        ? []
        : [
            requestOf({
              id: 'r-1',
              expiresAt: plus(DAY_BEFORE, requestExpires - DAY_BEFORE),
              splaySeconds: REQUEST_SPLAY_SECONDS,
            }),
          ],
  });

const relative = (instant: number, now: number): string => String(instant - now);

const keyOfNode = (node: NodeState, now: EpochMs): string => {
  const rel = (instant: number) => relative(instant, now);
  const { pending, floor, running, disabled } = node;
  const request = node.requests
    .map(({ startAt, expiresEpochSeconds, attempts }) => {
      const expiresIn = expiresEpochSeconds * SECOND_MS - now;
      return expiresIn <= 0 ? `x${attempts}` : `${rel(startAt)}/${expiresIn}/${attempts}`;
    })
    .join();
  return [
    O.toNullable(node.applied)?.slice(4) ?? '',
    O.isNone(node.lastSuccess) ? '-' : O.isSome(floor) ? 'past' : rel(node.lastSuccess.value),
    O.toNullable(node.tried)?.slice(4) ?? '',
    O.isNone(node.accepted) ? '' : node.accepted.value.nanoseconds,
    O.isNone(pending)
      ? ''
      : pending.value.gaveUp
        ? `${pending.value.version}!`
        : `${pending.value.version}/${pending.value.attempts}/${rel(pending.value.startAt)}/${pending.value.attempts === 0 ? rel(pending.value.seenAt) : ''}`,
    request,
    node.handled.map(({ expiresEpochSeconds }) => Math.max(expiresEpochSeconds * SECOND_MS - now, 0)).join(),
    O.isNone(floor) ? '' : `${rel(floor.value.startAt)}/${Math.min(floor.value.attempts, 1)}`,
    node.runNow ? 'n' : '',
    node.upgraded ? 'u' : '',
    O.isNone(running)
      ? ''
      : `${running.value.cause._tag}/${numberOf(running.value.version)}/${running.value.requests.length}/${running.value.floorDue ? 'f' : ''}`,
    O.isNone(disabled) ? '' : `${rel(disabled.value.until)}${disabled.value.floorToo ? 'f' : ''}`,
    Math.min(node.interruptions, POLICY.attemptsMax + 1),
  ].join('|');
};

const numberOf = (version: O.Option<string>): string => (O.isSome(version) ? version.value.slice(4) : '');

const keyOfLedger = (ledger: Ledger, now: EpochMs): string => {
  const ahead = (instant: number | undefined) => (instant === undefined ? '' : Math.max(instant - now, -SECOND_MS));
  const { running, disabled, lastSuccess } = ledger;
  return [
    ...[
      ledger.accepted,
      ledger.target,
      ledger.applied,
      ledger.isDirty ? 'd' : '',
      Math.min(ledger.failed, POLICY.attemptsMax),
    ],
    ...[
      ahead(ledger.startBy),
      ledger.request,
      ledger.requestFailed,
      ahead(ledger.requestBy),
      Math.max(ledger.requestExpires - now, 0),
    ],
    lastSuccess === undefined ? '-' : Math.max(lastSuccess - now, -POLICY.windowMs),
    ...[
      ahead(ledger.floorAfter),
      ledger.floorAfter === 0 ? 0 : '',
      ahead(ledger.failedAt),
      ledger.isRerunOwed ? 'u' : '',
    ],
    ...[ledger.runNow ? 'n' : '', Math.min(ledger.interruptions, POLICY.attemptsMax + 1)],
    disabled === undefined ? '' : `${ahead(disabled.until)}${disabled.floorToo ? 'f' : ''}`,
    running === undefined ? '' : `${running.target}${running.request ? 'r' : ''}${running.cause}`,
  ].join('|');
};

const keyOf = (world: NodeWorld): string => {
  const { now, bus, startedAt } = world;
  return [
    keyOfNode(world.node, now),
    bus === undefined ? `down${world.downFor}` : (bus.known ?? ''),
    startedAt === undefined ? '' : relative(startedAt, now),
    world.owesPoll ? 'p' : '',
    world.published
      .map(
        ({ version, requestExpires }) => `${version}${requestExpires === 0 ? '' : Math.max(requestExpires - now, 0)}`,
      )
      .join(),
    `${world.disablings}.${world.runNows}`,
    keyOfLedger(world.ledger, now),
  ].join(' ');
};

const MALFORMED: Observation = { _tag: 'Malformed', refusal: { _tag: 'NotJson', detail: 'a login page' } };

/** What a new agent reads of what was stored. */
const reread = (node: NodeState): NodeState => {
  const text = encodeNodeState({ identity: POLICY.identity, state: node, unknownFields: {} });
  const stored = decodeNodeState(text);
  if (E.isLeft(stored)) throw new Error(`a state that was stored cannot be read: ${text}`);
  return stored.right.state;
};

/** See the head of this file. */
export class SummonerWorld {
  readonly #bounds: SummonerBounds;
  readonly #step: Step;
  readonly #only: string | undefined;
  readonly #reread = new WeakMap<NodeState, NodeState>();
  readonly #comesToRest = new Map<string, boolean>();

  /**
   * @param decide - the decision under test; another than the shipped one is a control.
   * @param only - the one law that is looked at, for a control that breaks it; none: all of them.
   */
  constructor(bounds: SummonerBounds, decide: Step = step, only?: string) {
    this.#bounds = bounds;
    this.#step = decide;
    this.#only = only;
  }

  #asked(violation: Violation | undefined): Violation | undefined {
    return violation === undefined || (this.#only ?? violation.law) === violation.law ? violation : undefined;
  }

  /** The agent takes in `event`: decides, stores, and starts what was decided; it may die before that. */
  *#take(world: NodeWorld, tell: string, event: SummonerEvent, told?: Told): Iterable<NodeMove> {
    const { now, node, bus, ledger } = world;
    if (bus === undefined) return;
    const decision = this.#step(POLICY, { node, bus }, event, now);
    const judged = judgeStep(ledger, node, event, told, decision, now);
    const isStart = decision.action._tag === 'Start';
    const isPolled = event._tag === 'Observed' || event._tag === 'Started';
    const startedAt = isStart ? now : event._tag === 'RunEnded' ? undefined : world.startedAt;
    const to: NodeWorld = {
      ...{ ...world, node: decision.state.node, bus: decision.state.bus, ledger: judged.ledger, startedAt },
      owesPoll: world.owesPoll && !isPolled,
    };
    const outcome = isStart ? `${tell}: a run starts (${decision.reason._tag})` : `${tell} (${decision.reason._tag})`;
    yield { step: outcome, to, broken: this.#asked(judged.broken) };
    if (isStart) yield { step: `${tell}: the agent dies before the run starts`, to: dead(to) };
  }

  #event(world: NodeWorld, tell: string, event: SummonerEvent): Iterable<NodeMove> {
    return this.#take(world, tell, event);
  }

  *#see(world: NodeWorld, tell: string, told: Told): Iterable<NodeMove> {
    const observation: Observation = { _tag: 'Fresh', signal: signalOfTold(told), revision: `r${told.order}` };
    yield* this.#take(world, tell, { _tag: 'Observed', observation }, told);
  }

  *#poll(world: NodeWorld): Iterable<NodeMove> {
    const newest = world.published.at(-1);
    const observed = (tell: string, observation: Observation) =>
      this.#event(world, tell, { _tag: 'Observed', observation });
    if (newest === undefined) yield* observed('the key is missing', { _tag: 'Missing' });
    else {
      if (world.bus?.known === `r${newest.order}`) yield* observed('nothing new', { _tag: 'Unchanged' });
      yield* this.#see(world, `signal ${newest.order} of version ${newest.version} is seen`, newest);
      for (const older of this.#bounds.replays === true ? world.published.slice(0, -1) : []) {
        yield* this.#see(world, `the older signal ${older.order} of version ${older.version} is seen`, older);
      }
    }
    yield* observed('the bus is gone', { _tag: 'Unavailable' });
    yield* observed('the bus answers with a login page', MALFORMED);
  }

  *#publish(world: NodeWorld): Iterable<NodeMove> {
    const order = world.published.length + 1;
    if (order > this.#bounds.signals) return;
    const known = world.published.find(({ requestExpires }) => requestExpires > 0);
    const expires = known?.requestExpires ?? world.now + REQUEST_LASTS_SECONDS * SECOND_MS;
    for (let version = 1; version <= order; version++) {
      for (const requestExpires of this.#bounds.request === true ? [0, expires] : [0]) {
        const step = `signal ${order} of version ${version} is written${requestExpires > 0 ? ', with a request' : ''}`;
        yield { step, to: { ...world, published: [...world.published, { order, version, requestExpires }] } };
      }
    }
  }

  *#ends(world: NodeWorld): Iterable<NodeMove> {
    const ends: readonly (readonly [string, RunEnd])[] = [
      ['the run succeeds', { _tag: 'Exited', code: 0 }],
      ['the run fails', { _tag: 'TimedOut' }],
      ...(this.#bounds.upgrades === true
        ? [['the run upgrades the client', { _tag: 'Exited', code: 213 }] as const]
        : []),
    ];
    for (const [tell, end] of ends) yield* this.#event(world, tell, { _tag: 'RunEnded', end });
  }

  *#people(world: NodeWorld): Iterable<NodeMove> {
    if (world.disablings > 0) {
      for (const floorToo of [false, true]) {
        const until = plus(world.now, DISABLED_SECONDS * SECOND_MS);
        const disabling: Disabling = { reason: 'a test', owner: 'somebody', until, floorToo };
        const tell = `the node is disabled${floorToo ? ', its floor too' : ''}`;
        yield* this.#event({ ...world, disablings: world.disablings - 1 }, tell, { _tag: 'Disabled', disabling });
      }
    }
    if (O.isSome(world.node.disabled)) yield* this.#event(world, 'the node is enabled', { _tag: 'Enabled' });
    if (world.runNows > 0) {
      yield* this.#event({ ...world, runNows: world.runNows - 1 }, 'a run is asked for', { _tag: 'RunNowAsked' });
    }
  }

  *#restart(world: NodeWorld): Iterable<NodeMove> {
    const node = this.#reread.get(world.node) ?? reread(world.node);
    this.#reread.set(world.node, node);
    const bus = startingBus(POLICY, world.now);
    const up = { ...world, node, bus, downFor: 0, owesPoll: false };
    yield* this.#event(up, 'the agent starts', { _tag: 'Started' });
  }

  *#successors(world: NodeWorld): Iterable<NodeMove> {
    const { now, bus, startedAt } = world;
    const later = plus(now, SECOND_MS);
    yield* this.#publish(world);
    if (bus === undefined) {
      if (world.downFor < (this.#bounds.seconds ?? 1)) {
        yield { step: 'a second passes', to: { ...world, now: later, downFor: world.downFor + 1 } };
      }
      yield* this.#restart(world);
      return;
    }
    yield { step: 'the agent dies', to: dead(world) };
    yield* this.#event(world, 'the agent wakes for nothing', { _tag: 'Woke' });
    if (world.owesPoll) yield* this.#poll(world);
    else if (startedAt === undefined || now - startedAt < (this.#bounds.seconds ?? 1) * SECOND_MS) {
      yield { step: 'a second passes', to: { ...world, now: later, owesPoll: true } };
    }
    if (startedAt !== undefined) yield* this.#ends(world);
    yield* this.#people(world);
  }

  /** What happens next when nothing goes wrong any more. */
  #calmly(world: NodeWorld): NodeWorld {
    const [first] =
      world.bus === undefined
        ? this.#restart(world)
        : world.startedAt !== undefined
          ? this.#event(world, '', { _tag: 'RunEnded', end: { _tag: 'Exited', code: 0 } })
          : O.isSome(world.node.disabled)
            ? this.#event(world, '', { _tag: 'Enabled' })
            : world.owesPoll
              ? this.#calmPoll(world)
              : [{ to: { ...world, now: plus(world.now, SECOND_MS), owesPoll: true } }];
    if (first === undefined) throw new Error('nothing can happen');
    return first.to;
  }

  #calmPoll(world: NodeWorld): Iterable<NodeMove> {
    const newest = world.published.at(-1);
    if (newest === undefined || world.bus?.known === `r${newest.order}`) {
      return this.#event(world, '', { _tag: 'Observed', observation: { _tag: 'Unchanged' } });
    }
    return this.#see(world, '', newest);
  }

  /** Whether the node has all that it owes within a window, from here on without trouble. */
  #rests(start: NodeWorld): boolean {
    const until = start.now + POLICY.windowMs + (SPLAY_SECONDS + 2 * SECONDS_MAX) * SECOND_MS;
    const passed: string[] = [];
    let answer = false;
    for (let world = start; world.now <= until; world = this.#calmly(world)) {
      const hasSeen = (world.published.at(-1)?.order ?? 0) === world.ledger.accepted;
      answer = hasSeen && world.bus !== undefined && isAtRest(world.ledger, world.now);
      if (answer) break;
      const key = keyOf(world);
      const known = this.#comesToRest.get(key);
      if (known !== undefined) {
        answer = known;
        break;
      }
      passed.push(key);
    }
    for (const key of passed) this.#comesToRest.set(key, answer);
    return answer;
  }

  #check(world: NodeWorld): Violation | undefined {
    const { bus, startedAt, owesPoll, ledger, now, node } = world;
    if (O.isSome(node.running) !== (ledger.running !== undefined)) {
      return this.#asked({ law: 'N13', detail: 'the node and its run do not agree on whether there is one' });
    }
    const isBusy = bus === undefined || startedAt !== undefined || owesPoll;
    const late = this.#asked(isBusy ? undefined : lateOn(ledger, now));
    if (late !== undefined || this.#rests(world)) return late;
    return this.#asked({ law: 'N8', detail: 'the node does not come to what it owes, though all is well' });
  }

  /** All that can happen to the node within its bounds. */
  space(statesMax: number): Space<NodeWorld> {
    const base = {
      ...{ now: START, bus: undefined, downFor: 0, startedAt: undefined, owesPoll: false, published: [] },
      ...{ disablings: this.#bounds.disablings ?? 0, runNows: this.#bounds.runNows ?? 0 },
    };
    const healthy = healthyState(O.some(versionOf('1.0.1')), START);
    return {
      initial: [
        ...(this.#bounds.isOld === true ? [] : [{ ...base, node: EMPTY_NODE_STATE, ledger: BLANK }]),
        { ...base, node: healthy, ledger: { ...BLANK, applied: 1, lastSuccess: START } },
      ],
      successors: (world) => this.#successors(world),
      key: keyOf,
      check: (world) => this.#check(world),
      statesMax,
    };
  }
}

/** The agent is gone, and its run with it. */
const dead = (world: NodeWorld): NodeWorld => ({
  ...{ ...world, bus: undefined, downFor: 0, startedAt: undefined, owesPoll: false },
});
