/**
 * When a node looks at its bus: often just after a departure, seldom otherwise.
 *
 * Signals follow departures, so a node that knows those looks every {@link Polling.pollSoonMs} just after one; each time
 * that the time since the departure has doubled it looks half as often, down to every {@link Polling.pollIdleMs}. What
 * comes late is so seen late by a part of its lateness, and what no departure brings (a run request, a rollback) within
 * `pollIdleMs`. Over the time from one departure to the next this never asks more often than the fixed interval would.
 *
 * A node that does not know the departures looks every {@link Polling.pollEveryMs}.
 *
 * @module
 */
import { hashFractionFor } from './hash.ts';
import type { NodeName } from './names.ts';
import { departureAfter, departureAtOrBefore, type Departures } from './schedule.ts';
import { type EpochMs, MINUTE_MS, plus, SECOND_MS } from './time.ts';

/** How often a node looks while the bus is well; soon ≤ every ≤ idle. */
export interface Polling {
  /** From one poll to the next where the departures are unknown, in milliseconds. Also the budget where they are known. */
  readonly pollEveryMs: number;
  /** From one poll to the next just after a departure, in milliseconds. */
  readonly pollSoonMs: number;
  /** From one poll to the next at most, in milliseconds: so long a run request may go unseen. */
  readonly pollIdleMs: number;
}

const POLL_EVERY_MS_DEFAULT = MINUTE_MS;
const POLL_SOON_MS_DEFAULT = 20 * SECOND_MS;
const POLL_IDLE_MS_DEFAULT = 5 * MINUTE_MS;

/** How often a node looks unless it is told otherwise: every minute; every 20 seconds to 5 minutes by the timetable. */
export const pollingFor = ({
  pollEveryMs = POLL_EVERY_MS_DEFAULT,
  pollSoonMs = Math.min(POLL_SOON_MS_DEFAULT, pollEveryMs),
  pollIdleMs = Math.max(POLL_IDLE_MS_DEFAULT, pollEveryMs),
}: { readonly [K in keyof Polling]?: number | undefined } = {}): Polling => ({ pollEveryMs, pollSoonMs, pollIdleMs });

/** The departures that a node polls by. {@link timetableFor} makes one that keeps to the budget. */
export interface Timetable extends Departures {
  /** From one poll to the next just after a departure, in milliseconds. */
  readonly soonMs: number;
  /** From one poll to the next at most, in milliseconds. */
  readonly idleMs: number;
}

/** So many polls, `soonMs` apart, follow a departure before they become fewer. */
const POLLS_SOON = 6;

/** A part of the time from one departure to the next in which polls are equally far apart; a whole number of them. */
interface Stretch {
  /** Since the departure, in milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly polls: number;
  readonly gapMs: number;
}

/**
 * The stretch that begins `fromMs` after a departure. The last one is fitted to end with the next departure, so that no two
 * polls are further apart across it.
 */
const stretchAt = ({ everyMs, idleMs }: Timetable, fromMs: number, wantedGapMs: number): Stretch => {
  const gapMs = Math.min(wantedGapMs, idleMs);
  const toMs = fromMs === 0 ? POLLS_SOON * gapMs : 2 * fromMs;
  if (gapMs < idleMs && toMs < everyMs) return { fromMs, toMs, polls: (toMs - fromMs) / gapMs, gapMs };
  const polls = Math.ceil((everyMs - fromMs) / gapMs);
  return { fromMs, toMs: everyMs, polls, gapMs: (everyMs - fromMs) / polls };
};

const firstStretch = (timetable: Timetable): Stretch => stretchAt(timetable, 0, timetable.soonMs);

const stretchAfter = (timetable: Timetable, { toMs, gapMs }: Stretch): Stretch | undefined =>
  toMs < timetable.everyMs ? stretchAt(timetable, toMs, 2 * gapMs) : undefined;

/** How many polls a node makes from one departure to the next. */
export const pollsPerDeparture = (timetable: Timetable): number => {
  let polls = 0;
  let stretch: Stretch | undefined = firstStretch(timetable);
  while (stretch !== undefined) {
    polls += stretch.polls;
    stretch = stretchAfter(timetable, stretch);
  }
  return polls;
};

/**
 * The timetable to poll `departures` by. Where they are so close that `pollSoonMs` would cost more polls than the fixed
 * interval does, the node looks half as often, and half as often again; none where only the fixed interval is left.
 */
export const timetableFor = (
  { pollEveryMs, pollSoonMs, pollIdleMs }: Polling,
  { everyMs, offsetMs }: Departures,
): Timetable | undefined => {
  for (let soonMs = pollSoonMs; soonMs < pollEveryMs; soonMs *= 2) {
    const timetable = { everyMs, offsetMs, soonMs, idleMs: pollIdleMs };
    if (pollsPerDeparture(timetable) <= everyMs / pollEveryMs) return timetable;
  }
  return undefined;
};

/** The first poll of a stretch after `sinceMs`, in a node's own `phase` of the gap; none where the stretch has no more. */
const pollInStretch = ({ fromMs, polls, gapMs }: Stretch, phase: number, sinceMs: number): number | undefined => {
  const instantOf = (poll: number) => fromMs + Math.floor((poll + phase) * gapMs);
  const passed = Math.max(Math.floor((sinceMs - fromMs) / gapMs - phase), 0);
  for (let poll = passed; poll < polls; poll++) {
    if (instantOf(poll) > sinceMs) return instantOf(poll);
  }
  return undefined;
};

const pollByTimetable = (timetable: Timetable, phase: number, now: EpochMs): EpochMs => {
  const departure = departureAtOrBefore(timetable, now);
  const sinceMs = now - departure;
  let stretch: Stretch | undefined = firstStretch(timetable);
  while (stretch !== undefined) {
    const pollMs = stretch.toMs > sinceMs ? pollInStretch(stretch, phase, sinceMs) : undefined;
    if (pollMs !== undefined) return plus(departure, pollMs);
    stretch = stretchAfter(timetable, stretch);
  }
  return plus(departureAfter(timetable, now), Math.floor(phase * firstStretch(timetable).gapMs));
};

const pollAtInterval = (everyMs: number, phase: number, now: EpochMs): EpochMs => {
  const phaseMs = Math.floor(phase * everyMs);
  const polls = Math.floor((now - phaseMs) / everyMs);
  return plus(phaseMs as EpochMs, (polls + 1) * everyMs);
};

/**
 * The next poll of `node` whose bus is well: the first instant after `now` in the node's own phase, which is a hash of its
 * name, so that a fleet's polls stay spread (fault 37).
 *
 * @param timetable - none where the departures are unknown.
 */
export const pollAfter = (
  node: NodeName,
  { pollEveryMs }: Polling,
  timetable: Timetable | undefined,
  now: EpochMs,
): EpochMs => {
  const phase = hashFractionFor(node, 'poll');
  return timetable === undefined ? pollAtInterval(pollEveryMs, phase, now) : pollByTimetable(timetable, phase, now);
};
