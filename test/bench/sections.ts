import { artifactAddMemory, artifactBuildMemory } from './artifact-memory.ts';
import { decodeLarge } from './decode-large.ts';
import { decodeSmall } from './decode-small.ts';
import { executableSize } from './executable-size.ts';
import { fallbackCheck, fallbackCheckTrue } from './fallback-check.ts';
import { firstDecisionNode, firstDecisionSigned } from './first-decision.ts';
import { importCore } from './import-core.ts';
import { largeTick } from './large-tick.ts';
import { packagedAnonymousMemory, packagedCpuPerDay, packagedResidentMemory } from './packaged-idle.ts';
import { pollCpuSdk, pollCpuSigned } from './poll-cpu.ts';
import { pollTimetable } from './poll-timetable.ts';
import { promotionLatency } from './promotion-latency.ts';
import type { Section } from './section.ts';
import { simulateGrowth } from './simulate-growth.ts';
import { simulateMemory } from './simulate-memory.ts';
import { simulatePoll, simulatePollSeldom } from './simulate-poll.ts';
import { simulateSkip, simulateSkipFaults } from './simulate-skip.ts';
import { summonerMemorySdk, summonerMemorySigned } from './summoner-memory.ts';
import { statusReads } from './status-reads.ts';
import { summonerStep } from './summoner-step.ts';
import { trainTick } from './train-tick.ts';

/** All sections, in the order in which they run: those that open connections leave garbage behind, and come last. */
export const SECTIONS: readonly Section[] = [
  summonerStep,
  trainTick,
  largeTick,
  decodeSmall,
  decodeLarge,
  fallbackCheck,
  fallbackCheckTrue,
  importCore,
  simulatePoll,
  simulatePollSeldom,
  simulateSkip,
  simulateSkipFaults,
  simulateMemory,
  simulateGrowth,
  pollTimetable,
  promotionLatency,
  statusReads,
  pollCpuSdk,
  pollCpuSigned,
  summonerMemorySigned,
  summonerMemorySdk,
  packagedResidentMemory,
  packagedAnonymousMemory,
  packagedCpuPerDay,
  executableSize,
  firstDecisionNode,
  firstDecisionSigned,
  artifactBuildMemory,
  artifactAddMemory,
];
