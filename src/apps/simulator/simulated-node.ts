/**
 * One node: the shipped agent on its machine, the fallback beside it, and what goes wrong with either.
 *
 * A node sees of the rest of the world only its {@link Place}. While that stays as it is, each node is simulated by
 * itself, from one instant at which something happens to the next.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Assignment } from '../../domain/assignment.ts';
import { fallbackSuccess } from '../../domain/fallback-record.ts';
import type { Version } from '../../domain/names.ts';
import { type NodeAsk, NOTHING_ASKED } from '../../domain/node-request.ts';
import { EMPTY_NODE_STATE, type NodeState, type Running } from '../../domain/node-state.ts';
import { pollAfter } from '../../domain/polling.ts';
import { type RunEnd, runOutcomeOf } from '../../domain/run-outcome.ts';
import type { SummonerEvent, SummonerState } from '../../domain/summoner.ts';
import { type EpochMs, epochMs, plus, SECOND_MS } from '../../domain/time.ts';
import { type Agent, isPollDue, type Mind, type Noticed } from '../summoner/agent.ts';
import type { NodeMemory } from '../summoner/node-memory.ts';
import { type ChefRun, LOCK_HELD } from './chef-client.ts';
import { FaultCalendar } from './fault-calendar.ts';
import { installedAt } from './installed.ts';
import { Machine } from './machine.ts';
import type { NodeWatch } from './node-watch.ts';
import { OPERATOR } from './operators.ts';
import { owedStart } from './owed-spread.ts';
import { PersonRequests } from './person-requests.ts';
import type { Place } from './place.ts';
import type { NodeFault } from './scenario.ts';
import { SimulatedFallback } from './simulated-fallback.ts';
import { type Trace, TRACED } from './trace.ts';
import type { World } from './world.ts';

const WOKE: SummonerEvent = { _tag: 'Woke' };
const STARTED: SummonerEvent = { _tag: 'Started' };
const INTERRUPTED: RunEnd = { _tag: 'Interrupted' };

const causeNumber: Readonly<Record<Running['cause']['_tag'], number>> = {
  NewVersion: 1,
  Request: 2,
  Floor: 3,
  FirstRun: 4,
  RunNow: 5,
  Upgraded: 6,
};

/** The state of one node. */
export class SimulatedNode {
  readonly index: number;
  readonly place: Place;
  readonly trace: Trace;
  /** The version that its last success brought. */
  version: Version | undefined;
  readonly #world: World;
  readonly #machine: Machine;
  readonly #mind: Mind;
  readonly #watch: NodeWatch;
  readonly #faults: FaultCalendar;
  readonly #fallback: SimulatedFallback | undefined;
  readonly #people = new PersonRequests();

  #agent: Agent | undefined;
  #isBroken = false;
  /** A run that outlived its agent and has ended, which nobody has heard of yet. */
  #leftRun: ChefRun | undefined;
  #lastSuccessAt: number;
  /** Whether {@link SimulatedNode.#lastSuccessAt} is one: what is installed at the start counts, a start alone does not. */
  #hasSucceeded: boolean;

  #wakeAt = Infinity;
  #bootAt: number;
  #bootedAt = -Infinity;
  /** Even the floor was disabled until then. */
  #floorHeldUntil = -Infinity;

  constructor(world: World, place: Place, index: number, identity: Assignment) {
    const { scenario, programs } = world;
    const policy = world.policyOf(identity);
    const machine = new Machine(world, place, index, identity, policy);
    const { fallback } = scenario;
    this.index = index;
    this.place = place;
    this.trace = machine.trace;
    this.version = installedAt(scenario, place);
    this.#world = world;
    this.#machine = machine;
    this.#mind = { policy, step: programs.step };
    this.#watch = machine.watch;
    this.#faults = new FaultCalendar(world, { index, place });
    this.#fallback = fallback && new SimulatedFallback(machine, identity.node, fallback, this.placeChanged.bind(this));
    this.#lastSuccessAt = scenario.startsAt;
    this.#hasSucceeded = this.version !== undefined;
    this.#bootAt = scenario.startsAt;
    this.nextAt = this.#earliest();
  }

  /** The next instant at which anything happens here; `Infinity`: nothing ever will, by itself. */
  get nextAt(): number {
    return this.#world.nextAt[this.index] ?? Infinity;
  }

  set nextAt(at: number) {
    this.#world.nextAt[this.index] = at;
  }

  /** Goes on until, and without, `until`. */
  runUntil(until: number): void {
    let { nextAt } = this;
    while (nextAt < until) {
      this.#act(epochMs(nextAt));
      nextAt = this.#earliest();
    }
    this.nextAt = nextAt;
  }

  /** Something about the place has changed: the next poll may show it. */
  placeChanged(at: EpochMs): void {
    if (this.#agent === undefined || this.#world.mode === 'poll') return;
    this.#wakeAt = Math.min(this.#wakeAt, this.#machine.realTime(this.#nextPollAt(this.#agent, at)));
    if (this.#wakeAt < this.#machine.awayUntil) this.#wakeAt = this.#machine.awayUntil;
    this.nextAt = this.#earliest();
  }

  /** A person on the node asks something of the agent, whether that is there or not; not where nothing can be written. */
  leave(ask: NodeAsk, at: EpochMs): void {
    if (at < this.#machine.awayUntil || at < this.#machine.disk.fullUntil) return;
    this.#people.leave({ ask, askedAt: this.clockAt(at), by: OPERATOR.who, reason: O.some(OPERATOR.why) });
    this.#catchUp(at);
    if (this.#agent !== undefined) this.#lookAround(this.#agent, at);
    this.nextAt = this.#earliest();
  }

  /** What this node's clock says. */
  clockAt(at: EpochMs): EpochMs {
    return this.#machine.clockAt(at);
  }

  /** The scenario is over. */
  finish(at: EpochMs): void {
    const { chef, awayUntil } = this.#machine;
    const isUp = chef.run === undefined && at >= awayUntil && this.#bootAt > at;
    this.#watch.over(at, isUp, this.clockAt(at), this.#agent?.decision.state.bus.known);
    if (this.#hasSucceeded) this.#world.tally.openGap(at - this.#lastSuccessAt, this.#mind.policy.identity.node);
    if (chef.run !== undefined) this.#machine.chefEnded(chef.run, at);
  }

  #earliest(): number {
    const { run } = this.#machine.chef;
    const runEndsAt = run === undefined ? Infinity : run.endsAt;
    const fallbackAt = this.#fallback === undefined ? Infinity : this.#fallback.nextAt;
    const replacesAt = run === undefined ? Infinity : run.replacesAgentAt;
    return Math.min(this.#faults.nextAt, this.#bootAt, replacesAt, runEndsAt, fallbackAt, this.#wakeAt);
  }

  /** What is due first at one instant: what goes wrong, then what comes back, ends, and starts. */
  #act(at: EpochMs): void {
    const { run } = this.#machine.chef;
    if (this.#faults.nextAt === at) this.#strike(at);
    else if (this.#bootAt === at) this.#boot(at);
    else if (run?.replacesAgentAt === at) this.#replaceAgent(run, at);
    else if (run?.endsAt === at) this.#endRun(run, at);
    else if (this.#fallback?.nextAt === at) this.#fallback.look(at);
    else this.#wake(at);
  }

  #noticed(at: EpochMs): Noticed {
    const now = this.#machine.clockAt(at);
    const { record } = this.#machine.disk;
    const asked = this.#people.hear(now);
    if (asked !== NOTHING_ASKED) this.#watch.asked(at, this.#machine.offsetMs, asked);
    return {
      clocks: { at: now, elapsedMs: at },
      fallbackSuccess: fallbackSuccess(record),
      asked,
    };
  }

  // The agent.

  #boot(at: EpochMs): void {
    this.#bootAt = Infinity;
    this.#bootedAt = at;
    const { disk, offsetMs } = this.#machine;
    const { agent: programs } = this.#world.programs;
    const { memory } = programs.recollect(this.#mind.policy.identity, disk.read(), EMPTY_NODE_STATE);
    this.trace.add(TRACED.booted, at, this.index);
    this.#watch.booted(at, !disk.hasOwnState && O.isNone(fallbackSuccess(disk.record)));
    const taken = this.#takeUp(memory.node);
    const agent = programs.begin(this.#mind, memory, this.#noticed(at), taken !== undefined);
    const event = taken === undefined ? STARTED : WOKE;
    this.#watch.decided(at, offsetMs, event, memory.node, agent.decision.state);
    this.#carryOut(agent, at);
    if (taken !== undefined && taken !== this.#machine.chef.run) this.#tellEnd(taken.end, memory.node, at);
  }

  /** The run that an agent before this one left under way, whether it goes on or has ended, where it outlived that one. */
  #takeUp({ running }: NodeState): ChefRun | undefined {
    const { run } = this.#machine.chef;
    const left = this.#leftRun;
    this.#leftRun = undefined;
    if (this.#world.scenario.node.runIn === 'child' || O.isNone(running)) return undefined;
    const taken = [run, left].find((one) => one?.title === running.value.startedAt);
    if (taken === undefined) return undefined;
    taken.by = 'summoner';
    this.#watch.tookUp();
    return taken;
  }

  #wake(at: EpochMs): void {
    this.#catchUp(at);
    if (this.#agent === undefined) this.#wakeAt = Infinity;
    else this.#lookAround(this.#agent, at);
  }

  #lookAround(agent: Agent, at: EpochMs): void {
    if (!isPollDue(agent, this.#machine.clockAt(at))) {
      this.#takeIn(agent, at, WOKE);
      return;
    }
    const observation = this.place.look(agent.decision.state.bus.known);
    const after = this.#takeIn(agent, at, { _tag: 'Observed', observation });
    this.#watch.looked(at, observation, this.#machine.realTime(after.decision.state.bus.pollAt));
  }

  #takeIn(agent: Agent, at: EpochMs, event: SummonerEvent): Agent {
    const before = agent.decision.state.node;
    const next = this.#world.programs.agent.takeIn(this.#mind, agent, this.#noticed(at), event);
    this.#decided(at, event, before, next);
    this.#carryOut(next, at);
    return next;
  }

  #decided(at: EpochMs, event: SummonerEvent, before: NodeState, { decision }: Agent): void {
    const { node } = decision.state;
    if (node === before) return;
    this.#watch.decided(at, this.#machine.offsetMs, event, before, decision.state);
    if (O.isSome(before.disabled) && O.isNone(node.disabled)) {
      if (before.disabled.value.floorToo) this.#floorHeldUntil = at;
      this.#oweWhatWasHeld(node, at);
    }
    if (node.accepted === before.accepted || O.isNone(node.accepted)) return;
    this.trace.add(TRACED.accepted, at, node.accepted.value.epochSeconds);
    if (event._tag !== 'Observed' || event.observation._tag !== 'Fresh' || O.isNone(node.pending)) return;
    const { splaySeconds } = event.observation.signal;
    this.#machine.owed(at, at + splaySeconds * SECOND_MS);
  }

  /** Carries out the agent's orders until it waits. */
  #carryOut(ordering: Agent, at: EpochMs): void {
    const { agent: programs } = this.#world.programs;
    let agent = ordering;
    for (;;) {
      switch (agent.order) {
        case 'Keep':
          agent = programs.kept(agent, this.#keep(agent, at));
          break;
        case 'Begin':
          this.#people.repeat();
          agent = programs.begin(this.#mind, agent.memory, this.#noticed(at));
          break;
        case 'Run':
          agent = this.#startForSummoner(agent, at);
          break;
        case 'Wait':
          if (agent.memory.isStored) this.#people.settle();
          this.#agent = agent;
          // A poll that is overdue is made at once.
          this.#wakeAt = Math.max(this.#wakeOf(agent), at);
          return;
      }
    }
  }

  #keep({ memory, decision }: Agent, at: EpochMs): NodeMemory {
    const before = this.#machine.disk.state?.lastSuccess ?? O.none;
    const { node } = decision.state;
    const kept = this.#machine.disk.keep(memory, node, at);
    if (O.isNone(before) || isEarlier(node.lastSuccess, before)) this.#fallback?.recheck(at + 1);
    return kept;
  }

  /** When the agent has to be woken: at its next look, or, while its polls would show nothing new, at its next start. */
  #wakeOf({ decision, memory }: Agent): number {
    const { bus, node } = decision.state;
    const isQuiet =
      this.#world.mode === 'skip' &&
      bus.failures === 0 &&
      memory.isStored &&
      O.isNone(node.disabled) &&
      this.place.isQuietFor(bus.known);
    if (!isQuiet) return this.#machine.realTime(decision.lookAgainAt);
    return O.isSome(decision.nextStartAt) ? this.#machine.realTime(decision.nextStartAt.value) : Infinity;
  }

  /** The agent's next poll, as though all before `at` that were skipped had been made: they would have shown nothing new. */
  #nextPollAt({ decision }: Agent, at: EpochMs): EpochMs {
    const { pollAt, failures, timetable } = decision.state.bus;
    const now = this.#machine.clockAt(at);
    const skippedNone = this.#world.mode === 'poll' || at <= this.#machine.awayUntil || pollAt >= now || failures > 0;
    if (skippedNone) return pollAt;
    const { policy } = this.#mind;
    return pollAfter(policy.identity.node, policy, timetable, plus(now, -1));
  }

  /** Lets the agent know of the polls that were skipped. */
  #catchUp(at: EpochMs): void {
    const agent = this.#agent;
    if (agent === undefined) return;
    const { state } = agent.decision;
    const pollAt = this.#nextPollAt(agent, at);
    if (pollAt === state.bus.pollAt) return;
    const decision = { ...agent.decision, state: { node: state.node, bus: { ...state.bus, pollAt } } };
    this.#agent = { ...agent, decision };
  }

  #startForSummoner(agent: Agent, at: EpochMs): Agent {
    const { programs, tally } = this.#world;
    const { action } = agent.decision;
    if (action._tag !== 'Start') return { ...agent, order: 'Wait' };
    const { running } = action;
    const before = agent.decision.state.node;
    const stored = at < this.#machine.disk.fullUntil ? undefined : (this.#machine.disk.state ?? EMPTY_NODE_STATE);
    this.#watch.starts(at, running, stored, this.#machine.chef.run?.by === 'summoner');
    tally.runStarted(running.cause._tag);
    this.trace.add(TRACED.started, at, causeNumber[running.cause._tag]);
    const owed = owedStart(this.#mind.policy, running, before, {
      at,
      offsetMs: this.#machine.offsetMs,
      lastSuccessAt: this.#lastSuccessAt,
      freeSince: Math.max(this.#bootedAt, this.#machine.awayUntil, this.#floorHeldUntil),
    });
    if (owed._tag === 'Spread') this.#machine.owed(...owed.spread);
    const started = programs.agent.started(agent);
    if (this.#machine.chef.run === undefined) {
      const run = this.#machine.startChef('summoner', running.startedAt, at);
      if (owed._tag === 'Unspread') run.isSpread = false;
      return started;
    }
    this.#watch.ended(at, running, false);
    tally.failed++;
    return this.#endFor(started, at, LOCK_HELD);
  }

  /** A version that a disabling held back is owed once more when that ends: from then on its splay counts. */
  #oweWhatWasHeld({ pending }: NodeState, at: EpochMs): void {
    const told = this.place.held?.observation;
    if (O.isNone(pending) || pending.value.attempts > 0 || told?._tag !== 'Fresh') return;
    this.#machine.owed(at, at + told.signal.splaySeconds * SECOND_MS);
  }

  #endFor(agent: Agent, at: EpochMs, end: RunEnd): Agent {
    const before = agent.decision.state.node;
    const next = this.#world.programs.agent.takeInEnd(this.#mind, agent, this.#noticed(at), end);
    this.#decided(at, { _tag: 'RunEnded', end }, before, next);
    return next;
  }

  // chef-client.

  #endRun(run: ChefRun, at: EpochMs): void {
    const { tally, scenario } = this.#world;
    this.#catchUp(at);
    this.#machine.chefEnded(run, at);
    const isSuccess = runOutcomeOf(run.end)._tag === 'Succeeded';
    this.trace.add(TRACED.ended, at, isSuccess ? this.#world.numberOf(run.version) : -1);
    if (isSuccess) tally.succeeded++;
    else tally.failed++;
    if (isSuccess) this.#succeeded(run, at);
    if (run.by === 'fallback') this.#fallback?.runEnded(run.end, isSuccess, at);
    if (run.by === 'summoner' && this.#agent !== undefined) this.#tellEnd(run.end, this.#agent.decision.state.node, at);
    else if (run.title !== undefined) this.#leftRun = run;
    if (isSuccess && this.#isBroken && !this.#world.breaksSummoner(run.version)) {
      this.#isBroken = false;
      this.#bootAt = at + scenario.node.restartMs;
      tally.healed++;
    }
  }

  /** The agent hears how its run ended. */
  #tellEnd(end: RunEnd, { running }: NodeState, at: EpochMs): void {
    const agent = this.#agent;
    if (agent === undefined) return;
    if (O.isSome(running)) this.#watch.ended(at, running.value, runOutcomeOf(end)._tag === 'Succeeded');
    this.#carryOut(this.#endFor(agent, at, end), at);
  }

  /** The node is on what the run brought, which may be a Summoner that does not work. */
  #succeeded({ version }: ChefRun, at: EpochMs): void {
    const { tally } = this.#world;
    if (this.#hasSucceeded) tally.gap(at - this.#lastSuccessAt, this.#mind.policy.identity.node);
    this.#hasSucceeded = true;
    this.#lastSuccessAt = at;
    if (version !== undefined && version !== this.version) {
      if (this.version === this.place.pin) this.#world.converged(this.place, at, -1);
      if (version === this.place.pin) this.#world.converged(this.place, at, 1);
      this.version = version;
    }
    if (this.#world.breaksSummoner(version)) this.#breakSummoner(at);
  }

  // What goes wrong.

  #strike(at: EpochMs): void {
    const due = this.#faults.take();
    if (due !== undefined && at >= this.#machine.awayUntil) {
      this.#world.tally.nodeFault(due.fault.kind, at);
      this.trace.add(TRACED.struck, at, due.index);
      this.#suffer(due.fault, at);
    }
  }

  #suffer({ kind, forMs, stepMs }: NodeFault, at: EpochMs): void {
    const { restartMs } = this.#world.scenario.node;
    switch (kind) {
      case 'agent-killed':
        this.#killAgent(at, at + restartMs);
        return;
      case 'rebooted':
        this.#powerOff(at, at + forMs);
        return;
      case 'suspended':
        this.#suspend(at, at + forMs);
        return;
      case 'clock-stepped':
        this.#stepClock(at, stepMs);
        return;
      case 'disk-full':
        this.#machine.disk.fullUntil = at + forMs;
        this.#watch.diskFull(at, at + forMs);
        return;
      case 'state-torn':
        this.#machine.disk.tear();
        this.#watch.recordsLost(at);
        this.#killAgent(at, at + restartMs);
        this.#fallback?.recheck(at);
        return;
      case 'cloned':
        this.#machine.disk.swap();
        this.#watch.recordsLost(at);
        this.#powerOff(at, at + forMs);
        return;
      case 'summoner-broken':
        this.#breakSummoner(at);
        return;
      case 'run-hangs':
        this.#machine.chef.next = 'hangs';
        return;
      case 'client-upgraded':
        this.#machine.chef.next = 'upgrades';
        return;
      case 'agent-restarted':
        this.#stopAgent(at, at + restartMs);
        return;
      case 'agent-upgraded':
        this.#machine.chef.isAgentReplaced = true;
    }
  }

  /** What the run brings is a new agent: the old one stops, and the new one starts. */
  #replaceAgent(run: ChefRun, at: EpochMs): void {
    run.replacesAgentAt = Infinity;
    this.#stopAgent(at, at + this.#world.scenario.node.restartMs);
  }

  /** The agent is told to stop. A run that is its child stops with it; one that is not goes on. */
  #stopAgent(at: EpochMs, backAt: number): void {
    const { run } = this.#machine.chef;
    if (this.#agent !== undefined && run?.by === 'summoner' && this.#world.scenario.node.runIn === 'child') {
      this.#machine.chefEnded(run, at);
      this.#settle(this.#agent, at);
    }
    this.#killAgent(at, backAt);
  }

  /** An agent that is to stop takes in that its run stopped with it. */
  #settle(agent: Agent, at: EpochMs): void {
    const { decision, memory } = agent;
    const before: SummonerState = decision.state;
    const now = this.clockAt(at);
    const after = this.#world.programs.agent.afterLastRun(this.#mind.policy, before, INTERRUPTED, now);
    const event: SummonerEvent = { _tag: 'RunEnded', end: INTERRUPTED };
    this.#watch.decided(at, this.#machine.offsetMs, event, before.node, after);
    this.#agent = { ...agent, memory: this.#machine.disk.keep(memory, after.node, at) };
  }

  /** The agent dies. A run under way goes on; whether anybody hears of its end, the next agent's start shows. */
  #killAgent(at: EpochMs, backAt: number): void {
    const wasAlive = this.#agent !== undefined;
    if (this.#agent?.memory.isStored === false) this.#watch.recordsLost(at);
    this.#agent = undefined;
    this.#people.repeat();
    this.#wakeAt = Infinity;
    if (this.#machine.chef.run?.by === 'summoner') this.#machine.chef.run.by = 'nobody';
    if (wasAlive && !this.#isBroken) this.#watch.died(at, backAt);
    if (!this.#isBroken && (wasAlive || this.#bootAt !== Infinity)) this.#bootAt = backAt;
  }

  #breakSummoner(at: EpochMs): void {
    this.#isBroken = true;
    this.#bootAt = Infinity;
    this.#killAgent(at, Infinity);
    this.#watch.died(at, Infinity);
  }

  /** The machine is off: whatever it did is undone but for what is on its disk. */
  #powerOff(at: EpochMs, backAt: number): void {
    const { run } = this.#machine.chef;
    if (run !== undefined) {
      this.#machine.chefEnded(run, at);
      if (run.by === 'fallback') this.#watch.fallbackCutShort(at);
    }
    this.#killAgent(at, backAt);
    if (!this.#isBroken) this.#bootAt = backAt;
    this.#leftRun = undefined;
    this.#machine.awayUntil = backAt;
    this.#machine.disk.powerOff();
    this.#watch.stoodStill(backAt);
    this.#fallback?.powerOff(backAt);
  }

  /** The machine stands still: everything waits, and a run under way goes on afterwards. */
  #suspend(at: EpochMs, backAt: number): void {
    this.#catchUp(at);
    if (this.#world.mode === 'skip' && this.#agent !== undefined) {
      this.#wakeAt = Math.min(this.#wakeAt, this.#machine.realTime(this.#agent.decision.state.bus.pollAt));
    }
    this.#machine.awayUntil = backAt;
    if (this.#machine.chef.run !== undefined) {
      // That it takes so much longer is a burden that no spread could have lightened.
      this.#machine.chef.run.isSpread = false;
      this.#machine.chef.run.endsAt += backAt - at;
      this.#machine.chef.run.replacesAgentAt += backAt - at;
    }
    this.#wakeAt = Math.max(this.#wakeAt, backAt);
    this.#bootAt = Math.max(this.#bootAt, backAt);
    this.#fallback?.suspend(backAt);
    this.#watch.stoodStill(backAt);
  }

  #stepClock(at: EpochMs, byMs: number): void {
    this.#catchUp(at);
    this.#machine.offsetMs += byMs;
    this.#watch.clockSet(at, byMs);
    this.#fallback?.clockSet(at);
    // A sleeper looks again once its clock was set.
    if (this.#agent !== undefined) this.#lookAround(this.#agent, at);
  }
}

const isEarlier = (is: O.Option<EpochMs>, was: O.Option<EpochMs>): boolean =>
  O.isSome(was) && (O.isNone(is) || is.value < was.value);
