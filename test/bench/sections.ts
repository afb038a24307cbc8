import { decodeLarge } from './decode-large.ts';
import { decodeSmall } from './decode-small.ts';
import { fallbackCheck } from './fallback-check.ts';
import { importCore } from './import-core.ts';
import { pollTimetable } from './poll-timetable.ts';
import type { Section } from './section.ts';
import { simulateGrowth } from './simulate-growth.ts';
import { simulateMemory } from './simulate-memory.ts';
import { simulatePoll, simulatePollSeldom } from './simulate-poll.ts';
import { simulateSkip, simulateSkipFaults } from './simulate-skip.ts';
import { summonerStep } from './summoner-step.ts';
import { trainTick } from './train-tick.ts';

/** All sections, in the order in which they run. */
export const SECTIONS: readonly Section[] = [
  summonerStep,
  trainTick,
  decodeSmall,
  decodeLarge,
  fallbackCheck,
  importCore,
  pollTimetable,
  simulatePoll,
  simulatePollSeldom,
  simulateSkip,
  simulateSkipFaults,
  simulateMemory,
  simulateGrowth,
];
