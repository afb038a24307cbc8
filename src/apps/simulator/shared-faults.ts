/**
 * The faults of what nodes share, as spans of time.
 *
 * @module
 */
import type { StackName } from '../../domain/names.ts';
import { DAY_MS, type EpochMs, plus } from '../../domain/time.ts';
import { drawn, PURPOSE } from './draw.ts';
import type { Scenario, SharedFault, SharedFaultKind } from './scenario.ts';

/** A fault from its beginning to its end. */
export interface FaultSpan {
  readonly kind: SharedFaultKind;
  /** Whom it strikes. */
  readonly on: SharedFault['on'];
  readonly from: EpochMs;
  readonly to: EpochMs;
}

/** Chef servers fail one by one: where a fault comes by chance, each stack has a chance of its own. */
const STRIKES_STACKS_APART: ReadonlySet<SharedFaultKind> = new Set<SharedFaultKind>([
  'chef-server-down',
  'pins-refused',
]);

/** More than a plan has stacks, and a fault names each once: no two faults have a subject in common. */
const SUBJECTS = 1_000;

/** Draws are told apart from those of nodes, which are counted from 0. */
const subjectOf = (index: number, stack: number): number => -1 - index * SUBJECTS - stack;

const daily = (scenario: Scenario, seed: number, fault: SharedFault, index: number): readonly FaultSpan[] => {
  const { when, kind, forMs, on } = fault;
  if (when._tag !== 'Daily') return [];
  const stacks: readonly (StackName | undefined)[] = STRIKES_STACKS_APART.has(kind)
    ? (on.stacks ?? scenario.plan.stacks)
    : [undefined];
  const days = Math.ceil(scenario.lastsMs / DAY_MS);
  return Array.from({ length: days }, (_, day) => day).flatMap((day) =>
    stacks.flatMap((stack, nth): readonly FaultSpan[] => {
      const subject = subjectOf(index, nth);
      if (drawn(seed, PURPOSE.faultStrikes, subject, day) >= when.probability) return [];
      const moment = Math.floor(drawn(seed, PURPOSE.faultMoment, subject, day) * DAY_MS);
      const from = plus(scenario.startsAt, day * DAY_MS + moment);
      return [{ kind, on: stack === undefined ? on : { ...on, stacks: [stack] }, from, to: plus(from, forMs) }];
    }),
  );
};

/** All faults of what nodes share, in the order in which they begin. */
export const faultSpans = (scenario: Scenario, seed: number): readonly FaultSpan[] =>
  scenario.sharedFaults
    .flatMap((fault, index): readonly FaultSpan[] => {
      if (fault.when._tag === 'Daily') return daily(scenario, seed, fault, index);
      const from = plus(scenario.startsAt, fault.when.atMs);
      return [{ kind: fault.kind, on: fault.on, from, to: plus(from, fault.forMs) }];
    })
    .toSorted((a, b) => a.from - b.from);
