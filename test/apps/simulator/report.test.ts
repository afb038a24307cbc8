/** The report as a file: what is in it, that it asks for nothing, and that no text of a scenario becomes more than text. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderReport } from '../../../src/apps/simulator/report.ts';
import type { SimulationResult, Timeline } from '../../../src/apps/simulator/simulation-result.ts';
import { DAY_MS, HOUR_MS, plus } from '../../../src/domain/time.ts';
import { A_YEAR_OF_MANY, exampleSimulation } from '../../support/example-simulation.ts';
import { hostileSimulation } from '../../support/hostile-simulation.ts';
import { property } from '../../support/property.ts';

const RESULT = exampleSimulation();
const REPLAY = 'signalbox simulate a-bad-week --seed 4217 --nodes 480';
const REPORT = renderReport(RESULT, REPLAY);

const withTimeline = (timeline: Partial<Timeline>): SimulationResult => ({
  ...RESULT,
  timeline: { ...RESULT.timeline, ...timeline },
});

/** How often a piece of text occurs. */
const occurrences = (text: string, piece: string): number => text.split(piece).length - 1;

/** One figure of a report. */
const figureOf = (report: string, id: string): string =>
  new RegExp(`<figure id="${id}">.*?</figure>`, 's').exec(report)?.[0] ?? '';

/** Numbers that are none, anywhere but in the script. */
const notNumbers = (report: string): readonly string[] =>
  report.replace(/<script>.*<\/script>/s, '').match(/NaN|Infinity|undefined|null/g) ?? [];

/** The one cell of a table of two columns that stands beside `name`. */
const countBeside = (report: string, name: string): string | undefined =>
  new RegExp(`<td>${name}</td><td class="number">([^<]*)</td>`).exec(report)?.[1]?.replaceAll('\u202f', '');

describe('the head', () => {
  it('names the scenario, its seed, its trace and the command that replays it', () => {
    for (const text of [
      '<h1>a-bad-week</h1>',
      RESULT.about,
      RESULT.traceHash,
      '<code>4217</code>',
      `<code>${REPLAY}</code>`,
      '2026-08-03T00:00:00Z',
      '2026-08-10T00:00:00Z',
      'skipping to events',
    ]) {
      expect(REPORT).toContain(text);
    }
  });

  it('shows the command as it is, whatever is in it', () => {
    expect(renderReport(RESULT, "signalbox simulate './<week> & more.yaml'")).toContain(
      '<code>signalbox simulate &#39;./&lt;week&gt; &amp; more.yaml&#39;</code>',
    );
  });

  it('shows a program that has no command how to replay it', () => {
    expect(renderReport(RESULT)).toContain('<code>simulate(scenario, { seed: 4217 })</code>');
    expect(renderReport({ ...RESULT, mode: 'poll' })).toContain(
      '<code>simulate(scenario, { seed: 4217, mode: &#39;poll&#39; })</code>',
    );
  });

  it('says how many violations there are, and lists them', () => {
    expect(REPORT).toContain('2\u202fviolations');
    expect(REPORT).not.toContain('every law held');
    for (const { law, where, what } of RESULT.violations) {
      expect(REPORT).toContain(`<td><strong>${law}</strong></td>`);
      expect(REPORT).toContain(`<td>${where}</td><td>${what}</td>`);
    }
  });

  it('says that every law held where none was broken', () => {
    const report = renderReport({ ...RESULT, violations: [], violationCount: 0 });
    expect(report).toContain('every law held');
    expect(report).not.toContain('id="violations"');
  });

  it('says how many violations are not listed', () => {
    expect(renderReport({ ...RESULT, violationCount: 1_200 })).toContain('and 1\u202f198 more');
  });
});

describe('the charts', () => {
  it('have a heading and a caption each, and all rows are described', () => {
    const figures = ['versions', 'convergence', 'load', 'strikes', 'marks', 'gaps'].map((id) => figureOf(REPORT, id));
    for (const figure of figures) {
      expect(figure).toMatch(/<figcaption><h3>[^<]+<\/h3><p>.+<\/p><\/figcaption>/s);
      expect(occurrences(figure, '<svg ')).toBeGreaterThan(0);
      expect(occurrences(figure, 'role="img" aria-label="')).toBe(occurrences(figure, '<svg '));
    }
  });

  it('of the time line all have the same scale', () => {
    const timeline = /<div id="timeline".*?<script/s.exec(REPORT)?.[0] ?? '';
    const widths = [...timeline.matchAll(/viewBox="0 0 (\S+) /g)].map(([, width]) => width);
    expect(widths.length).toBeGreaterThan(20);
    expect(new Set(widths)).toEqual(new Set(['1008']));
  });

  it('draw a series as it is', () => {
    const [load] = RESULT.timeline.load;
    const report = renderReport(
      withTimeline({
        load: load === undefined ? [] : [{ ...load, runs: [0, 0, 5, 5, 7], floor: [1, 1, 1, 2.5, 2.5] }],
      }),
    );
    expect(figureOf(report, 'load')).toContain('d="M0 0V0H2V5H4V7H5V0Z" data-name="runs"');
    expect(figureOf(report, 'load')).toContain('d="M0 1V1H3V2.5H5" data-name="floor"');
  });

  it('mark the window, the longest gap and its node', () => {
    const gaps = figureOf(REPORT, 'gaps');
    expect(gaps).toContain('window 12h');
    expect(gaps).toContain('longest 13h4m');
    expect(gaps).toContain('on ironstone-prod-4-0117');
    expect(gaps).toContain('<td class="number">13 h</td><td class="number">14 h</td><td class="number">4</td>');
    expect(gaps).toContain('aria-label="180\u202f498\u202fgaps, 35 of them longer than the window of 12h"');
  });

  it('have every mark, with how long it lasted', () => {
    const marks = figureOf(REPORT, 'marks');
    for (const { label } of RESULT.timeline.marks) expect(marks).toContain(`<td>${label}</td>`);
    expect(marks).toContain('<td>8h24m</td><td>Faults</td><td>chef-server-down on ironstone</td>');
  });

  it('have one row for an environment whose stacks went the same way, and one for each way otherwise', () => {
    const rows = (report: string): number => occurrences(figureOf(report, 'versions'), 'data-pins="');
    const basalt = RESULT.timeline.pins.filter(({ stack }) => stack === 'basalt');
    const other = RESULT.timeline.pins.find(({ stack }) => stack !== 'basalt')?.stack ?? basalt[0]?.stack;
    const alike = basalt.flatMap((pin) => [pin, { ...pin, at: plus(pin.at, 7_000), stack: other ?? pin.stack }]);
    expect(rows(renderReport(withTimeline({ pins: alike })))).toBe(8);
    expect(rows(REPORT)).toBe(16);
  });
});

describe('the counts', () => {
  it('are all there', () => {
    const { counts } = RESULT;
    for (const [name, count] of [
      ['Ticks of the Librarian', counts.ticks],
      ['Promotions', counts.promotions],
      ['Signals written', counts.signals],
      ['Runs succeeded', counts.succeeded],
      ['Runs failed', counts.failed],
      ['Runs of the fallback', counts.fallbackRuns],
      ['Summoners healed', counts.healed],
      ...Object.entries(counts.runsByCause),
      ...Object.entries(counts.faults),
    ] as const) {
      expect(countBeside(REPORT, name), name).toBe(String(count));
    }
  });
});

describe('the file', () => {
  it('is the same for the same result', () => {
    expect(renderReport(exampleSimulation(), REPLAY)).toBe(REPORT);
    expect(renderReport({ ...RESULT, seed: 4_218 })).not.toBe(REPORT);
  });

  it('refers to nothing outside of itself', () => {
    for (const outside of [
      /https?:/i,
      /\burl\(/i,
      /@import/i,
      /\bsrc=/i,
      /<link/i,
      /\bhref="(?!#)/i,
      /<(?:img|iframe|object|embed|base)\b/i,
    ]) {
      expect(REPORT, String(outside)).not.toMatch(outside);
    }
  });

  it('forbids everything but its own style and script', () => {
    expect(REPORT).toMatch(
      /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'">/,
    );
  });

  it('closes every element that it opens', () => {
    for (const name of [
      'div',
      'figure',
      'figcaption',
      'section',
      'table',
      'tr',
      'td',
      'th',
      'svg',
      'g',
      'dl',
      'dd',
      'details',
      'b',
      'span',
      'p',
    ]) {
      expect(REPORT.match(new RegExp(`<${name}[ >]`, 'g'))?.length, name).toBe(occurrences(REPORT, `</${name}>`));
    }
  });

  it('stays small for a year of a hundred environments on fifty stacks', () => {
    const result = exampleSimulation(A_YEAR_OF_MANY);
    expect(result.timeline.load[0]?.runs).toHaveLength(1500);
    expect(result.timeline.pins.length).toBeGreaterThan(100_000);
    expect(renderReport(result).length).toBeLessThan(4_000_000);
  });

  it('stays small for series that never stand still', () => {
    const { convergence } = exampleSimulation(A_YEAR_OF_MANY).timeline;
    const restless = convergence.map((series, i) => ({
      ...series,
      converged: series.converged.map((_, step) => ((step + i) * 7_919) % 10_000),
    }));
    expect(renderReport(withTimeline({ convergence: restless })).length).toBeLessThan(4_000_000);
  });

  it('stays small for thousands of marks and versions', () => {
    const { startsAt, pins } = RESULT.timeline;
    const [pin] = pins;
    const version = (i: number): string => `2026.${i}.0`;
    const report = renderReport(
      withTimeline({
        marks: Array.from({ length: 5_000 }, (_, i) => ({
          at: plus(startsAt, i * 120_000),
          until: plus(startsAt, i * 120_000 + HOUR_MS),
          kind: 'fault',
          label: `fault ${i}`,
        })),
        pins:
          pin === undefined
            ? []
            : Array.from({ length: 5_000 }, (_, i) => ({
                ...pin,
                at: plus(startsAt, i * 120_000),
                version: version(i) as typeof pin.version,
              })),
      }),
    );
    expect(report.length).toBeLessThan(2_000_000);
    expect(report).toContain('and 4\u202f600 more');
  });
});

describe('N6: a gap that had not ended', () => {
  const OPEN = renderReport({ ...RESULT, gaps: { ...RESULT.gaps, isLongestOpen: true } });

  it('is told as one in the head and in the chart', () => {
    expect(OPEN).toContain('<span>still open at the end; window 12h</span>');
    expect(figureOf(OPEN, 'gaps')).toContain('longest 13h4m, still open</em>');
    expect(figureOf(OPEN, 'gaps')).toContain('on ironstone-prod-4-0117, still open at the end and not counted.');
  });

  it('and no other is', () => {
    expect(REPORT).toContain('<span>between successes; window 12h</span>');
    expect(REPORT).not.toContain('still open');
  });
});

describe('where there is little to show', () => {
  const bare: Timeline = {
    ...RESULT.timeline,
    pins: [],
    convergence: [],
    load: [],
    firings: [],
    nodeFaults: [],
    marks: [],
  };

  it('says so in place of an empty chart', () => {
    const report = renderReport({
      ...RESULT,
      timeline: bare,
      gaps: { byHour: [], longestMs: 0, longestOn: undefined, isLongestOpen: false, windowMs: 12 * HOUR_MS },
      counts: { ...RESULT.counts, runsByCause: {}, faults: {}, succeeded: 0, failed: 0 },
    });
    expect(occurrences(report, '<p class="empty">')).toBe(8);
    expect(notNumbers(report)).toEqual([]);
  });

  it('draws environments of which no node has converged, or that have none', () => {
    const [first] = RESULT.timeline.convergence;
    const report = renderReport(
      withTimeline({
        convergence:
          first === undefined
            ? []
            : [
                { ...first, nodes: 40, converged: [0, 0, 0] },
                { ...first, nodes: 0, converged: [0, 0, 0] },
                { ...first, nodes: 40, converged: [] },
              ],
      }),
    );
    const convergence = figureOf(report, 'convergence');
    expect(occurrences(convergence, 'd="M0 0V0H3V0Z"')).toBe(2);
    expect(convergence).toContain('<div class="end">0\u202f%</div>');
    expect(notNumbers(report)).toEqual([]);
  });

  it.each([
    ['one step', 1],
    ['less than a step', 0.25],
    ['nothing', 0],
  ])('draws a time line of %s', (_, steps) => {
    const { startsAt, stepMs } = RESULT.timeline;
    const report = renderReport({
      ...RESULT,
      timeline: {
        ...RESULT.timeline,
        endsAt: plus(startsAt, steps * stepMs),
        load: RESULT.timeline.load.map((series) => ({ ...series, runs: [3], floor: [2] })),
        convergence: RESULT.timeline.convergence.map((series) => ({ ...series, converged: [1_200] })),
      },
    });
    expect(notNumbers(report)).toEqual([]);
    expect(figureOf(report, 'load')).toContain('d="M0 0V3H1V0Z"');
  });

  it('draws gaps of years', () => {
    const byHour = new Array<number>(2 * 8_760).fill(0);
    byHour[3] = 1_000_000;
    byHour[2 * 8_760 - 1] = 1;
    const report = renderReport({ ...RESULT, gaps: { ...RESULT.gaps, byHour, longestMs: 729 * DAY_MS } });
    const gaps = figureOf(report, 'gaps');
    expect(gaps.length).toBeLessThan(10_000);
    expect(gaps).toContain('1\u202f000\u202f001');
  });
});

describe('texts of a scenario', () => {
  it('are texts, wherever they stand', () => {
    const report = renderReport(hostileSimulation());
    expect(occurrences(report, '<script')).toBe(occurrences(REPORT, '<script'));
    expect(occurrences(report, '</script>')).toBe(occurrences(REPORT, '</script>'));
    expect(report).not.toContain('<img');
    expect(report).not.toContain('<!--');
    expect(report).toContain('&lt;script&gt;');
  });

  property(
    'add no element and no attribute',
    [
      fc.string({
        unit: fc.constantFrom('<', '>', '"', "'", '&', '/', '!', '-', '=', ' ', 'script', 'x'),
        minLength: 1,
      }),
    ],
    (text) => {
      const markupOf = (inner: string): string =>
        renderReport({
          ...RESULT,
          scenario: inner,
          about: inner,
          traceHash: inner,
          violations: RESULT.violations.map((each) => ({ ...each, law: inner, where: inner, what: inner })),
          counts: { ...RESULT.counts, runsByCause: { [inner]: 1 }, faults: { [inner]: 1 } },
        });
      const [hostile, plain] = [markupOf(text), markupOf('x')];
      for (const character of ['<', '>', '"']) {
        expect(occurrences(hostile, character), character).toBe(occurrences(plain, character));
      }
    },
  );
});
