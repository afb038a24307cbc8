/**
 * What the executable for nodes takes of a machine all day, against the least that polls S3 with the Node that is in it.
 *
 * @module
 */
import { pollingFor } from '../../src/domain/polling.ts';
import { DAY_MS } from '../../src/domain/time.ts';
import { cannotTell, programOf, summonerBy, type Taken, watchPollers } from './idle-pollers.ts';
import { NOT_PACKAGED, packagedExecutable } from './packaged.ts';
import type { Effort, Finding, Goal, Section } from './section.ts';

type Kind = 'packaged' | 'handSigned';

/** Both are watched together, once for all sections. */
let watching: Promise<(kind: Kind) => Taken> | undefined;

const watch = (executable: string, effort: Effort) =>
  (watching ??= watchPollers(
    {
      packaged: summonerBy('packaged', () => [executable]),
      handSigned: programOf('hand-signed-poll', 'handSignedPoll'),
    },
    async () => undefined,
    effort,
  ));

const section = (
  name: string,
  what: string,
  goal: Goal | undefined,
  compare: (ours: Taken, alternative: Taken) => Finding,
): Section => ({
  name,
  what: `${what} of the packaged Summoner that polls S3`,
  alternative: 'a script of node:http that signs by hand',
  ...(goal === undefined ? {} : { goal }),
  measure: async (effort) => {
    const skipped = cannotTell();
    if (skipped !== undefined) return skipped;
    const executable = await packagedExecutable();
    if (executable === undefined) return NOT_PACKAGED;
    const takenBy = await watch(executable, effort);
    return compare(takenBy('packaged'), takenBy('handSigned'));
  },
});

/**
 * What is in memory for it. No goal: most of it is pages of the executable, of which Linux maps more or fewer, and which it
 * takes back when it needs them.
 */
export const packagedResidentMemory = section(
  'packaged-resident-memory',
  'resident memory',
  undefined,
  (ours, alternative) => ({
    _tag: 'Weighed',
    bytes: ours.residentBytes,
    alternativeBytes: alternative.residentBytes,
  }),
);

/** What nobody can take back. */
export const packagedAnonymousMemory = section(
  'packaged-anonymous-memory',
  'resident anonymous memory',
  { _tag: 'RatioAtMost', ratio: 1.3 },
  (ours, alternative) => ({
    _tag: 'Weighed',
    bytes: ours.anonymousBytes,
    alternativeBytes: alternative.anonymousBytes,
  }),
);

/** A node that does not know the departures polls so often in a day; one that does polls less. */
const POLLS_PER_DAY = DAY_MS / pollingFor().pollEveryMs;

/** CPU of one poll, and of what the agent makes of it, times the polls of a day at the default interval. */
export const packagedCpuPerDay = section(
  'packaged-cpu-per-day',
  `CPU in a day of ${POLLS_PER_DAY} polls`,
  { _tag: 'CpuPerDayAtMost', seconds: 10 },
  (ours, alternative) => ({
    _tag: 'Spent',
    cpuMsPerDay: ours.cpuMsPerPoll * POLLS_PER_DAY,
    alternativeCpuMsPerDay: alternative.cpuMsPerPoll * POLLS_PER_DAY,
  }),
);
