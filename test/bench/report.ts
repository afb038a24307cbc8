import { type Finding, type Goal, isMet, type Polls, type Section, type Skipped } from './section.ts';

const round = (value: number): number => Number(value.toPrecision(3));

const perSecond = (value: number): string => {
  if (value >= 1e6) return `${round(value / 1e6)} M/s`;
  if (value >= 1e3) return `${round(value / 1e3)} k/s`;
  return `${round(value)} /s`;
};

const goalText = (goal: Goal): string => {
  switch (goal._tag) {
    case 'RatioAtMost':
      return `at most ${goal.ratio}×`;
    case 'PerSecondAtLeast':
      return `at least ${perSecond(goal.perSecond)}`;
    case 'ExponentAtMost':
      return `an exponent of at most ${goal.exponent}`;
    case 'PollsAtMost':
      return `at most ${goal.ratio}× the requests and ${goal.ratio}× the median delay`;
    case 'BytesAtMost':
      return `at most ${round(goal.bytes / 1e6)} MB`;
    case 'CpuPerDayAtMost':
      return `at most ${goal.seconds} s of CPU a day`;
    case 'All':
      return goal.goals.map(goalText).join(', and ');
  }
};

const verdictOn = (goal: Goal, finding: Finding): 'met' | 'not met' => (isMet(goal, finding) ? 'met' : 'not met');

const verdict = ({ goal }: Section, result: Finding | Skipped): 'met' | 'not met' | undefined =>
  goal === undefined || result._tag === 'Skipped' ? undefined : verdictOn(goal, result);

/** The verdict for people: where there are several goals, on each of them. */
const verdictText = (goal: Goal, finding: Finding): string =>
  goal._tag === 'All'
    ? goal.goals.map((each) => `${goalText(each)}: ${verdictOn(each, finding)}`).join('; ')
    : verdictOn(goal, finding);

const pollFigures = ({ perNodeDay, medianMs, p99Ms, byHandMaxMs }: Polls) => ({
  perNodeDay: Math.round(perNodeDay),
  medianSeconds: round(medianMs / 1_000),
  p99Seconds: round(p99Ms / 1_000),
  byHandMaxSeconds: round(byHandMaxMs / 1_000),
});

const pollsText = (polls: Polls): string => {
  const { perNodeDay, medianSeconds, p99Seconds, byHandMaxSeconds } = pollFigures(polls);
  return `${perNodeDay} requests a node and day; seen after ${medianSeconds} s (median), ${p99Seconds} s (p99); between departures after ${byHandMaxSeconds} s at most`;
};

const figures = (result: Finding | Skipped): object => {
  switch (result._tag) {
    case 'Skipped':
      return { skipped: result.reason };
    case 'Measured':
      return {
        ratio: round(result.ratio),
        ratioRange: result.ratioRange.map(round),
        perSecond: round(result.perSecond),
        alternativePerSecond: round(result.alternativePerSecond),
      };
    case 'Weighed':
      return {
        ratio: round(result.bytes / result.alternativeBytes),
        bytes: Math.round(result.bytes),
        alternativeBytes: Math.round(result.alternativeBytes),
      };
    case 'Spent':
      return {
        ratio: round(result.cpuMsPerDay / result.alternativeCpuMsPerDay),
        cpuSecondsPerDay: round(result.cpuMsPerDay / 1_000),
        alternativeCpuSecondsPerDay: round(result.alternativeCpuMsPerDay / 1_000),
      };
    case 'Polled':
      return {
        requestRatio: round(result.ours.perNodeDay / result.alternative.perNodeDay),
        medianRatio: round(result.ours.medianMs / result.alternative.medianMs),
        ours: pollFigures(result.ours),
        alternative: pollFigures(result.alternative),
      };
    case 'Grown':
      return {
        exponent: round(result.exponent),
        sizes: result.sizes.map((size) => ({
          nodes: size.nodes,
          seconds: round(size.elapsedMs / 1_000),
          perSecond: round(size.perSecond),
          bytesPerNode: Math.round(size.bytesPerNode),
        })),
      };
  }
};

/** A section's result as a line of JSON. */
export const jsonLine = (section: Section, result: Finding | Skipped): string =>
  JSON.stringify({
    name: section.name,
    what: section.what,
    alternative: section.alternative,
    goal: section.goal ?? null,
    ...figures(result),
    verdict: verdict(section, result) ?? null,
  });

const measuredLines = (section: Section, result: Finding | Skipped): readonly string[] => {
  switch (result._tag) {
    case 'Skipped':
      return [`skipped: ${result.reason}`];
    case 'Measured':
      return [
        `${round(result.ratio)}× (${result.ratioRange.map(round).join(' … ')}) the time of ${section.alternative}`,
        `${perSecond(result.perSecond)} against ${perSecond(result.alternativePerSecond)}`,
      ];
    case 'Weighed':
      return [
        `${round(result.bytes / result.alternativeBytes)}× the bytes of ${section.alternative}`,
        `${Math.round(result.bytes)} against ${Math.round(result.alternativeBytes)}`,
      ];
    case 'Spent':
      return [
        `${round(result.cpuMsPerDay / result.alternativeCpuMsPerDay)}× the CPU of ${section.alternative}`,
        `${round(result.cpuMsPerDay / 1_000)} s against ${round(result.alternativeCpuMsPerDay / 1_000)} s`,
      ];
    case 'Polled':
      return [
        `${round(result.ours.perNodeDay / result.alternative.perNodeDay)}× the requests and ${round(result.ours.medianMs / result.alternative.medianMs)}× the median delay of ${section.alternative}`,
        `by the timetable: ${pollsText(result.ours)}`,
        `${section.alternative}: ${pollsText(result.alternative)}`,
      ];
    case 'Grown':
      return [
        `an exponent of ${round(result.exponent)}, against ${section.alternative}`,
        ...result.sizes.map(
          (size) =>
            `${size.nodes} nodes: ${round(size.elapsedMs / 1_000)} s, ${perSecond(size.perSecond)}, ${Math.round(size.bytesPerNode)} bytes each`,
        ),
      ];
  }
};

/** A section's result for people: goal, measured, met or not. */
export const paragraph = (section: Section, result: Finding | Skipped): string => {
  const { goal } = section;
  const [first = '', ...rest] = measuredLines(section, result);
  return [
    section.what,
    `  goal      ${goal === undefined ? 'none' : goalText(goal)}`,
    `  measured  ${first}`,
    ...rest.map((line) => `            ${line}`),
    ...(goal === undefined || result._tag === 'Skipped' ? [] : [`  ${verdictText(goal, result)}`]),
    '',
  ].join('\n');
};
