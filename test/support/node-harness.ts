/**
 * One node in a world without time, disks or processes: drives the Summoner's `step` as its shell does, through anything
 * that can happen to a node, in as many steps as there is something to decide.
 *
 * Two clocks run. `elapsedMs` is true time: it counts on through suspension and never goes back. The wall clock is what
 * `step` is told; it can be set. The state goes through its file's codec whenever the agent starts.
 *
 * What happens is told to an optional witness in the order in which it happens, so that an oracle can judge it.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { isSameAssignment } from '../../src/domain/assignment.ts';
import {
  decodeNodeState,
  EMPTY_NODE_STATE,
  encodeNodeState,
  type NodeState,
  type Running,
} from '../../src/domain/node-state.ts';
import type { Disabling } from '../../src/domain/disabling.ts';
import { formatFieldErrors } from '../../src/domain/decoding.ts';
import type { RunEnd } from '../../src/domain/run-outcome.ts';
import { decodeSignal, type Signal } from '../../src/domain/signal.ts';
import {
  type Observation,
  startingBus,
  step,
  type SummonerDecision,
  type SummonerEvent,
  type SummonerPolicy,
  type SummonerState,
} from '../../src/domain/summoner.ts';
import { type EpochMs, epochMs, MINUTE_MS, plus } from '../../src/domain/time.ts';
import { START } from './node-signals.ts';

/** The decision under test, or a deliberately broken one. */
export type Step = typeof step;

/** How a run goes. */
export interface Ending {
  readonly durationMs: number;
  readonly end: RunEnd;
}

/** A run that ends with `code` after `durationMs`. */
export const exits = (code: number, durationMs = MINUTE_MS): Ending => ({ durationMs, end: { _tag: 'Exited', code } });

/** What keeps the bus from answering with what lies on it. */
export type Outage = 'Missing' | 'Denied' | 'Unavailable' | 'Malformed';

/** Where the agent is killed. */
export type KillPoint =
  /** After the next decision that changes the state, before it is stored. */
  | 'BeforeStore'
  /** After the next decision to start a run was stored, before the run starts. */
  | 'BeforeStart'
  /** When the next run has ended, before anything learns of it. */
  | 'BeforeEndIsTaken';

/** A run that really began. */
export interface Run {
  readonly running: Running;
  readonly startedAt: EpochMs;
  readonly startedElapsedMs: number;
  readonly endedAt?: EpochMs;
  readonly endedElapsedMs?: number;
  /** None: it was lost together with the agent. */
  readonly end?: RunEnd;
}

/** What happens, as told to a witness. */
export type Fact =
  /** The agent takes in `event`; it was decided so. */
  | { readonly _tag: 'Took'; readonly event: SummonerEvent; readonly decision: SummonerDecision }
  /** What was decided is safe, whatever happens to the agent. */
  | { readonly _tag: 'Kept' }
  | { readonly _tag: 'RunStarted'; readonly running: Running }
  | { readonly _tag: 'Killed' }
  /** The file brought nothing back that this node may use. */
  | { readonly _tag: 'StateLost' }
  | { readonly _tag: 'Suspended' }
  | { readonly _tag: 'WallClockSet'; readonly byMs: number; readonly watched: boolean };

export interface Moment {
  readonly now: EpochMs;
  readonly elapsedMs: number;
}

export type Witness = (fact: Fact, moment: Moment) => void;

export interface HarnessOptions {
  readonly policy: SummonerPolicy;
  readonly step?: Step;
  readonly startAt?: EpochMs;
  /** The state that the node boots with. */
  readonly node?: NodeState;
  /** How runs go that no other ending was set for; at once and with success unless said otherwise. */
  readonly ending?: Ending;
  readonly witness?: Witness;
}

const MALFORMED: Observation = (() => {
  const decoded = decodeSignal('<html>please log in</html>');
  if (E.isRight(decoded)) throw new Error('HTML was read as a signal');
  return { _tag: 'Malformed', refusal: decoded.left };
})();

/** An agent that decides so often in one instant does not wait for anything any more. */
const STEPS_PER_INSTANT_MAX = 200;

/** See the head of this file. */
export class NodeHarness {
  readonly policy: SummonerPolicy;
  /** How runs go from now on, unless {@link NodeHarness.endings} has something. */
  ending: Ending;
  /** How the next runs go, one each. */
  readonly endings: Ending[] = [];
  /** Every run that really began. */
  readonly runs: Run[] = [];
  /** Every instant at which the bus was asked. */
  readonly polls: EpochMs[] = [];
  /** How many decisions were taken. */
  steps = 0;

  readonly #step: Step;
  readonly #witness: Witness;
  #elapsedMs = 0;
  #skewMs: number;
  #stored: string;
  #state: SummonerState | undefined;
  #decision: SummonerDecision | undefined;
  #wakeElapsedMs = Infinity;
  #restartElapsedMs = Infinity;
  #process: { readonly endsElapsedMs: number; readonly end: RunEnd } | undefined;
  #armed: { readonly point: KillPoint; readonly downMs: number } | undefined;
  #body: { readonly signal: Signal; readonly revision: string } | undefined;
  #revisions = 0;
  #outage: Outage | undefined;
  #stepsThisInstant = 0;

  constructor(options: HarnessOptions) {
    this.policy = options.policy;
    this.#step = options.step ?? step;
    this.#witness = options.witness ?? (() => undefined);
    this.#skewMs = options.startAt ?? START;
    this.ending = options.ending ?? exits(0, 0);
    this.#stored = this.#encode(options.node ?? EMPTY_NODE_STATE);
  }

  /** The wall clock. */
  get now(): EpochMs {
    return epochMs(this.#elapsedMs + this.#skewMs);
  }

  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  /** The last decision of an agent that is up. */
  get decision(): SummonerDecision {
    if (this.#decision === undefined) throw new Error('the agent is down');
    return this.#decision;
  }

  get isUp(): boolean {
    return this.#state !== undefined;
  }

  /** What the node remembers: in memory while the agent is up, in its file while it is down. */
  get node(): NodeState {
    return this.#state?.node ?? this.#read() ?? EMPTY_NODE_STATE;
  }

  /** The file. */
  get stored(): string {
    return this.#stored;
  }

  /** The runs that ended with success. */
  get successes(): readonly Run[] {
    return this.runs.filter(({ end }) => end?._tag === 'Exited' && [0, 35, 37].includes(end.code));
  }

  /** Puts `signal` under the node's key, replacing what is there. */
  publish(signal: Signal): this {
    this.#revisions += 1;
    this.#body = { signal, revision: `r${this.#revisions}` };
    return this;
  }

  /** From now on the bus fails so; without `outage` it is well again. */
  setOutage(outage?: Outage): this {
    this.#outage = outage;
    return this;
  }

  /** Boots the agent. */
  start(): this {
    if (this.isUp) return this;
    this.#restartElapsedMs = Infinity;
    const node = this.#read();
    if (node === undefined) this.#tell({ _tag: 'StateLost' });
    this.#state = { node: node ?? EMPTY_NODE_STATE, bus: startingBus(this.policy, this.now) };
    this.#takeIn({ _tag: 'Started' });
    return this;
  }

  /** Kills the agent, and the run with it; after `downMs` it is started again, or not at all when that is infinite. */
  kill(downMs = Infinity): this {
    if (this.isUp) this.#tell({ _tag: 'Killed' });
    if (this.#process !== undefined) this.#endRun(undefined);
    this.#process = undefined;
    this.#state = undefined;
    this.#decision = undefined;
    this.#armed = undefined;
    this.#wakeElapsedMs = Infinity;
    this.#restartElapsedMs = this.#elapsedMs + downMs;
    return this;
  }

  /** Kills the agent when it comes to `point`. */
  killAt(point: KillPoint, downMs = 0): this {
    this.#armed = { point, downMs };
    return this;
  }

  /** Takes a {@link killAt} back that has not come true. */
  disarm(): this {
    this.#armed = undefined;
    return this;
  }

  /** Puts `text` where the agent will look for its state when it starts. */
  replaceStored(text: string): this {
    this.#stored = text;
    return this;
  }

  disable(disabling: Disabling): this {
    return this.tell({ _tag: 'Disabled', disabling });
  }

  enable(): this {
    return this.tell({ _tag: 'Enabled' });
  }

  /** The agent takes in `event`, unless it is down. */
  tell(event: SummonerEvent): this {
    if (this.isUp) this.#takeIn(event);
    return this;
  }

  /** Sets the wall clock by `byMs`. An agent that does not watch, or is down, is not told. */
  setClock(byMs: number, watched: boolean): this {
    const before = this.now;
    this.#skewMs = plus(before, byMs) - this.#elapsedMs;
    const isTold = watched && this.isUp;
    this.#tell({ _tag: 'WallClockSet', byMs: this.now - before, watched: isTold });
    if (isTold) this.#takeIn({ _tag: 'ClockStepped', byMs: this.now - before });
    else if (this.isUp) this.#wakeElapsedMs = Math.min(this.#wakeElapsedMs, this.#untilLookAgain());
    return this;
  }

  /** The machine sleeps: time passes on both clocks, and neither the agent nor its run get any of it. */
  suspend(durationMs: number): this {
    this.#elapsedMs += durationMs;
    this.#tell({ _tag: 'Suspended' });
    if (this.#process !== undefined) {
      this.#process = { ...this.#process, endsElapsedMs: this.#process.endsElapsedMs + durationMs };
    }
    return this.pass(0);
  }

  /** Time passes, and everything happens that falls due. */
  pass(durationMs: number): this {
    const untilMs = this.#elapsedMs + durationMs;
    for (;;) {
      const runEndsMs = this.#process?.endsElapsedMs ?? Infinity;
      const nextMs = Math.min(runEndsMs, this.#wakeElapsedMs, this.#restartElapsedMs);
      if (nextMs > untilMs) break;
      this.#moveTo(Math.max(nextMs, this.#elapsedMs));
      if (this.#restartElapsedMs <= this.#elapsedMs) this.start();
      else if (runEndsMs <= this.#elapsedMs) this.#takeEnd();
      else this.#takeIn(this.#look());
    }
    this.#moveTo(untilMs);
    return this;
  }

  /** {@link pass} until `isDone`, looking once a second and for `limitMs` at most; whether it came to that. */
  passUntil(isDone: () => boolean, limitMs: number, everyMs = 1_000): boolean {
    for (let passedMs = 0; passedMs < limitMs && !isDone(); passedMs += everyMs) this.pass(everyMs);
    return isDone();
  }

  #moveTo(elapsedMs: number): void {
    if (elapsedMs > this.#elapsedMs) this.#stepsThisInstant = 0;
    this.#elapsedMs = elapsedMs;
  }

  #tell(fact: Fact): void {
    this.#witness(fact, { now: this.now, elapsedMs: this.#elapsedMs });
  }

  #encode(state: NodeState): string {
    return encodeNodeState({ identity: this.policy.identity, state, unknownFields: {} });
  }

  #read(): NodeState | undefined {
    const decoded = decodeNodeState(this.#stored);
    if (E.isLeft(decoded)) return undefined;
    return isSameAssignment(decoded.right.identity, this.policy.identity) ? decoded.right.state : undefined;
  }

  /** True time at which the agent looks again: as long from now as its clock says. */
  #untilLookAgain(): number {
    const { lookAgainAt } = this.decision;
    return this.#elapsedMs + Math.max(lookAgainAt - this.now, 0);
  }

  #look(): SummonerEvent {
    const { bus } = this.decision.state;
    if (this.now < bus.pollAt) return { _tag: 'Woke' };
    this.polls.push(this.now);
    return { _tag: 'Observed', observation: this.#observe(bus.known) };
  }

  #observe(known: string | undefined): Observation {
    if (this.#outage === 'Malformed') return MALFORMED;
    if (this.#outage !== undefined) return { _tag: this.#outage };
    if (this.#body === undefined) return { _tag: 'Missing' };
    return this.#body.revision === known ? { _tag: 'Unchanged' } : { _tag: 'Fresh', ...this.#body };
  }

  #isArmed(point: KillPoint): boolean {
    if (this.#armed?.point !== point) return false;
    this.kill(this.#armed.downMs);
    return true;
  }

  /** As the shell does: decide, store what changed, and only then start what was decided. */
  #takeIn(event: SummonerEvent): void {
    if (this.#state === undefined) throw new Error('an agent that is down takes nothing in');
    this.steps += 1;
    this.#stepsThisInstant += 1;
    if (this.#stepsThisInstant > STEPS_PER_INSTANT_MAX) throw new Error(`the agent spins at ${this.now}`);
    const before = this.#state;
    const decision = this.#step(this.policy, before, event, this.now);
    this.#tell({ _tag: 'Took', event, decision });
    const hasChanged = decision.state.node !== before.node;
    if (hasChanged && this.#isArmed('BeforeStore')) return;
    if (hasChanged) this.#stored = this.#encode(decision.state.node);
    this.#state = decision.state;
    this.#decision = decision;
    this.#tell({ _tag: 'Kept' });
    this.#wakeElapsedMs = this.#untilLookAgain();
    if (decision.action._tag === 'Wait' || this.#isArmed('BeforeStart')) return;
    this.#startRun(decision.action.running);
  }

  #startRun(running: Running): void {
    if (this.#process !== undefined) throw new Error('N13: a run was started while another was under way');
    this.#tell({ _tag: 'RunStarted', running });
    this.runs.push({ running, startedAt: this.now, startedElapsedMs: this.#elapsedMs });
    const { durationMs, end } = this.endings.shift() ?? this.ending;
    this.#process = { endsElapsedMs: this.#elapsedMs + durationMs, end };
  }

  #endRun(end: RunEnd | undefined): void {
    const run = this.runs.pop();
    if (run === undefined) throw new Error('no run to end');
    const ended = { ...run, endedAt: this.now, endedElapsedMs: this.#elapsedMs };
    this.runs.push(end === undefined ? ended : { ...ended, end });
  }

  #takeEnd(): void {
    if (this.#process === undefined) throw new Error('no run to end');
    const { end } = this.#process;
    this.#endRun(end);
    this.#process = undefined;
    if (!this.#isArmed('BeforeEndIsTaken')) this.#takeIn({ _tag: 'RunEnded', end });
  }
}

/** The state in `text`; a test that reads what cannot be read is at fault itself. */
export const readState = (text: string): NodeState => {
  const decoded = decodeNodeState(text);
  if (E.isLeft(decoded)) throw new Error(formatFieldErrors(decoded.left));
  return decoded.right.state;
};

/** The state of a node that is well: it ran `version` with success at `at`, and owes nothing. */
export const healthyState = (version: NodeState['applied'], at: EpochMs): NodeState => ({
  ...EMPTY_NODE_STATE,
  applied: version,
  lastSuccess: O.some(plus(at, -(at % 1_000))),
  lastAttempt: O.some(at),
});
