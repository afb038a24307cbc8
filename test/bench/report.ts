import { type Goal, isMet, type Measurement, type Section, type Skipped } from './section.ts';

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
  }
};

const verdict = ({ goal }: Section, result: Measurement | Skipped): 'met' | 'not met' | undefined => {
  if (goal === undefined || result._tag === 'Skipped') return undefined;
  return isMet(goal, result) ? 'met' : 'not met';
};

/** A section's result as a line of JSON. */
export const jsonLine = (section: Section, result: Measurement | Skipped): string =>
  JSON.stringify({
    name: section.name,
    what: section.what,
    alternative: section.alternative,
    goal: section.goal ?? null,
    ...(result._tag === 'Skipped'
      ? { skipped: result.reason }
      : {
          ratio: round(result.ratio),
          ratioRange: result.ratioRange.map(round),
          perSecond: round(result.perSecond),
          alternativePerSecond: round(result.alternativePerSecond),
        }),
    verdict: verdict(section, result) ?? null,
  });

/** A section's result for people: goal, measured, met or not. */
export const paragraph = (section: Section, result: Measurement | Skipped): string => {
  const goal = section.goal === undefined ? 'none' : goalText(section.goal);
  const lines =
    result._tag === 'Skipped'
      ? [`  measured  skipped: ${result.reason}`]
      : [
          `  measured  ${round(result.ratio)}× (${result.ratioRange.map(round).join(' … ')}) the time of ${section.alternative}`,
          `            ${perSecond(result.perSecond)} against ${perSecond(result.alternativePerSecond)}`,
        ];
  const end = verdict(section, result);
  return [section.what, `  goal      ${goal}`, ...lines, ...(end === undefined ? [] : [`  ${end}`]), ''].join('\n');
};
