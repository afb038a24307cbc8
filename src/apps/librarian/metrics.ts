/**
 * What a collector reads of a Librarian, in Prometheus's text format. Every label has a bounded set of values: environments
 * and stacks are those of the plan, receivers those of the configuration, and all else is a closed set.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type HoldScope, isActive } from '../../domain/hold.ts';
import type { EnvironmentName, Slug, StackName, Version } from '../../domain/names.ts';
import { type Outcome, reasonLabel } from '../../domain/outcome.ts';
import { environmentsOf, type ReleasePlan } from '../../domain/release-plan.ts';
import type { TickView } from '../../domain/tick.ts';
import { type EpochMs, SECOND_MS } from '../../domain/time.ts';
import type { ArtifactRecord } from '../../ports/artifact-store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Delivered } from '../../ports/notifier.ts';
import type { Failure } from '../failure.ts';

/** How a tick ended: done, a failure by its kind, or a defect of the Librarian itself. */
export type TickResult = 'Done' | 'Defect' | Failure['_tag'];

/** What a Librarian speaks to. */
export type Part = 'artifacts' | 'bus' | 'chef-server' | 'state';

/** A question to a part. */
export interface Asked {
  readonly part: Part;
  readonly operation: string;
  /** Of a Chef server. */
  readonly stack?: StackName;
}

/** What a tick has left behind. */
export interface TickedBoard {
  readonly view: TickView;
  readonly outcomes: readonly Outcome[];
  readonly rejected: number;
  readonly records: ReadonlyMap<Version, ArtifactRecord>;
}

/** What a Librarian counts and measures. Nothing here fails, and nothing decides anything. */
export interface LibrarianMetrics {
  /** A tick has ended. */
  readonly ticked: (result: TickResult, tookMs: number) => void;
  /** A tick has left this behind. */
  readonly observed: (board: TickedBoard) => void;
  /** A promotion was tried on one stack. */
  readonly promoted: (stack: StackName, environment: EnvironmentName, result: 'done' | 'failed') => void;
  /** A part answered; `answer` is the tag of what it said. */
  readonly asked: (asked: Asked, answer: string, tookMs: number) => void;
  /** An event was sent to a receiver. */
  readonly delivered: (target: Slug, result: Delivered['_tag']) => void;
  /** So many deliveries are in the outbox. */
  readonly outbox: (deliveries: number) => void;
  /** All of it as text. */
  readonly text: () => Promise<string>;
  /** The media type of that text. */
  readonly contentType: string;
}

/** From what a tick on files takes to what one takes that waits for a Chef server which does not answer. */
const TICK_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900];
/** From a look at a local file to the deadline of a slow server. */
const ASKED_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];

const HOLD_SCOPES: readonly HoldScope['_tag'][] = ['plan', 'stage', 'environment', 'stack'];

/** Prometheus's own linter refuses gauges that are named like counters; what they say is said by `…_resources`. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

const secondsOf = (instant: EpochMs): number => instant / SECOND_MS;

/**
 * The metrics of one process.
 *
 * @param hasProcessMetrics - whether those of the process itself and of Node are among them.
 */
export const librarianMetrics = (
  plan: ReleasePlan,
  { now }: Pick<Clock, 'now'>,
  hasProcessMetrics = true,
): LibrarianMetrics => {
  const registry = new Registry();
  const registers = [registry];
  if (hasProcessMetrics) {
    collectDefaultMetrics({ register: registry });
    for (const name of MISNAMED) registry.removeSingleMetric(name);
  }

  const ticks = new Counter({
    name: 'signalbox_ticks_total',
    help: 'Ticks of the release train, by how they ended.',
    labelNames: ['result'],
    registers,
  });
  const tickSeconds = new Histogram({
    name: 'signalbox_tick_duration_seconds',
    help: 'How long ticks took, whatever their end.',
    buckets: TICK_SECONDS,
    registers,
  });
  const lastTick = new Gauge({
    name: 'signalbox_last_tick_timestamp_seconds',
    help: 'When this process last ticked to the end; 0 for never.',
    registers,
  });
  const outcomes = new Gauge({
    name: 'signalbox_environment_outcome',
    help: 'What the last tick said of an environment, and why: 1 for that.',
    labelNames: ['environment', 'outcome', 'reason'],
    registers,
  });
  const promotions = new Counter({
    name: 'signalbox_promotions_total',
    help: 'Promotions that were tried on one stack, by how they ended.',
    labelNames: ['stack', 'environment', 'result'],
    registers,
  });
  const artifacts = new Gauge({
    name: 'signalbox_environment_artifact_timestamp_seconds',
    help: 'When the artifact that an environment of a stack is pinned to was added.',
    labelNames: ['stack', 'environment'],
    registers,
  });
  const steps = new Gauge({
    name: 'signalbox_step_opened_timestamp_seconds',
    help: 'When the promotion that is not complete on every stack was decided; absent where there is none.',
    labelNames: ['environment'],
    registers,
  });
  const holds = new Gauge({
    name: 'signalbox_holds',
    help: 'Holds that hold something.',
    labelNames: ['scope'],
    registers,
  });
  const rejections = new Gauge({
    name: 'signalbox_rejected_versions',
    help: 'Versions that are rejected.',
    registers,
  });
  const requests = new Counter({
    name: 'signalbox_requests_total',
    help: 'What stores, buses and Chef servers were asked for, by their answer.',
    labelNames: ['part', 'operation', 'stack', 'answer'],
    registers,
  });
  const requestSeconds = new Histogram({
    name: 'signalbox_request_duration_seconds',
    help: 'How long stores, buses and Chef servers took to answer.',
    labelNames: ['part', 'operation', 'stack'],
    buckets: ASKED_SECONDS,
    registers,
  });
  const notifications = new Counter({
    name: 'signalbox_notifications_total',
    help: 'Events that were sent to a receiver, by what it said.',
    labelNames: ['target', 'result'],
    registers,
  });
  const outbox = new Gauge({
    name: 'signalbox_outbox_deliveries',
    help: 'Deliveries that receivers have yet to take.',
    registers,
  });

  // What is not there before it happens first cannot be seen to rise.
  ticks.inc({ result: 'Done' }, 0);
  for (const stack of plan.stacks) {
    for (const environment of environmentsOf(plan)) {
      for (const result of ['done', 'failed']) promotions.inc({ stack, environment, result }, 0);
    }
  }

  return {
    ticked: (result, tookMs) => {
      ticks.inc({ result });
      tickSeconds.observe(tookMs / SECOND_MS);
      if (result === 'Done') lastTick.set(secondsOf(now()));
    },
    observed: ({ view, outcomes: said, rejected, records }) => {
      for (const gauge of [outcomes, artifacts, steps]) gauge.reset();
      for (const outcome of said) {
        const { environment, _tag } = outcome;
        outcomes.set({ environment, outcome: _tag, reason: reasonLabel(outcome) }, 1);
      }
      for (const [environment, pins] of view.pins) {
        for (const [stack, pin] of pins) {
          const record = O.isSome(pin) ? records.get(pin.value) : undefined;
          if (record !== undefined) artifacts.set({ stack, environment }, secondsOf(record.addedAt));
        }
      }
      for (const [environment, { openedAt }] of view.memory.steps) steps.set({ environment }, secondsOf(openedAt));
      const active = view.holds.filter((hold) => isActive(hold, view.now));
      for (const scope of HOLD_SCOPES) holds.set({ scope }, active.filter((hold) => hold.scope._tag === scope).length);
      rejections.set(rejected);
    },
    promoted: (stack, environment, result) => {
      promotions.inc({ stack, environment, result });
    },
    asked: (asked, answer, tookMs) => {
      requests.inc({ ...asked, answer });
      requestSeconds.observe({ ...asked }, tookMs / SECOND_MS);
    },
    delivered: (target, result) => {
      notifications.inc({ target, result });
    },
    outbox: (deliveries) => {
      outbox.set(deliveries);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
};
