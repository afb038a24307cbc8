import { describe, expect, it, test } from 'vitest';
import { isMet, type Measurement } from './bench/section.ts';
import { SECTIONS } from './bench/sections.ts';
import { mustRun, runTool } from './gates/tool.ts';

const MEASURED: Measurement = {
  _tag: 'Measured',
  ratio: 1.5,
  ratioRange: [1.4, 1.6],
  perSecond: 1_000,
  alternativePerSecond: 1_500,
};

/** What a section may tell, by what it measures: time, memory, CPU, growth, or polls. */
const FIGURES = [
  ['ratio', 'perSecond', 'alternativePerSecond'],
  ['ratio', 'bytes', 'alternativeBytes'],
  ['ratio', 'cpuSecondsPerDay', 'alternativeCpuSecondsPerDay'],
  ['exponent'],
  ['requestRatio', 'medianRatio'],
];

describe('the benchmark', () => {
  test('runs every section, and tells of each what was measured or why not', async () => {
    const output = await mustRun('node', ['--expose-gc', 'test/bench/main.ts', '--json', '--quick']);
    const lines = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ name }) => name)).toEqual(SECTIONS.map(({ name }) => name));
    for (const line of lines) {
      if (line['skipped'] === undefined) {
        const figures = FIGURES.find((names) => names.every((name) => name in line)) ?? ['a known set of figures'];
        for (const figure of figures) expect(line[figure]).toBeGreaterThan(0);
        expect(line['goal'] === null ? [null] : ['met', 'not met']).toContain(line['verdict']);
      } else {
        expect(line['skipped']).toMatch(/\w/);
        expect(line['verdict']).toBeNull();
      }
    }
    // It bundles, and builds the executable for nodes.
  }, 300_000);

  test('tells people the goal, what was measured, and whether that meets it', async () => {
    const output = await mustRun('node', ['test/bench/main.ts', '--quick', '--section', 'decode-small']);
    expect(output).toMatch(
      /^decodeSignal, the published signal\n {2}goal {6}at most 2×\n {2}measured {2}\S+× \(.+\) the time of JSON\.parse of the same text\n.+ against .+\n {2}(?:not )?met\n/,
    );
  });

  test('refuses a section that does not exist, and names those that do', async () => {
    const { code, stderr } = await runTool('node', ['test/bench/main.ts', '--section', 'nothing']);
    expect(code).toBe(64);
    expect(stderr).toContain('--section: expected a section, got nothing');
    expect(stderr).toContain('decode-small');
  });

  it.each([
    [{ _tag: 'RatioAtMost', ratio: 1.5 }, true],
    [{ _tag: 'RatioAtMost', ratio: 1.4 }, false],
    [{ _tag: 'PerSecondAtLeast', perSecond: 1_000 }, true],
    [{ _tag: 'PerSecondAtLeast', perSecond: 1_001 }, false],
    [{ _tag: 'All', goals: [{ _tag: 'RatioAtMost', ratio: 1.5 }] }, true],
    [
      {
        _tag: 'All',
        goals: [
          { _tag: 'RatioAtMost', ratio: 1.5 },
          { _tag: 'PerSecondAtLeast', perSecond: 1_001 },
        ],
      },
      false,
    ],
    [{ _tag: 'ExponentAtMost', exponent: 2 }, false],
  ] as const)('goal %j is met: %s', (goal, met) => {
    expect(isMet(goal, MEASURED)).toBe(met);
  });

  it.each([
    [200, true],
    [199, false],
  ])('200 bytes where at most %d are wanted are met: %s', (bytes, met) => {
    const weight = { _tag: 'Weighed', bytes: 200, alternativeBytes: 100 } as const;
    expect(isMet({ _tag: 'BytesAtMost', bytes }, weight)).toBe(met);
    expect(isMet({ _tag: 'BytesAtMost', bytes }, MEASURED)).toBe(false);
  });

  it.each([
    [1_300, true],
    [1_301, false],
  ])('a weight of %d bytes where at most 1.3 times 1000 are wanted is met: %s', (bytes, met) => {
    expect(isMet({ _tag: 'RatioAtMost', ratio: 1.3 }, { _tag: 'Weighed', bytes, alternativeBytes: 1_000 })).toBe(met);
  });

  it.each([
    [{ _tag: 'CpuPerDayAtMost', seconds: 10 }, true],
    [{ _tag: 'CpuPerDayAtMost', seconds: 9.9 }, false],
    [{ _tag: 'RatioAtMost', ratio: 2 }, true],
    [{ _tag: 'RatioAtMost', ratio: 1.9 }, false],
  ] as const)('10 s of CPU a day against 5 s meet goal %j: %s', (goal, met) => {
    expect(isMet(goal, { _tag: 'Spent', cpuMsPerDay: 10_000, alternativeCpuMsPerDay: 5_000 })).toBe(met);
  });

  test('a time is no CPU of a day', () => {
    expect(isMet({ _tag: 'CpuPerDayAtMost', seconds: 10 }, MEASURED)).toBe(false);
  });

  const polls = (perNodeDay: number, medianMs: number) => ({ perNodeDay, medianMs, p99Ms: 1, byHandMaxMs: 1 });

  it.each([
    [500, 500, true],
    [501, 500, false],
    [500, 501, false],
  ])('%d polls of 1000 and %d ms of 1000 where half of both is wanted are met: %s', (perDay, medianMs, met) => {
    const polled = { _tag: 'Polled', ours: polls(perDay, medianMs), alternative: polls(1_000, 1_000) } as const;
    expect(isMet({ _tag: 'PollsAtMost', ratio: 0.5 }, polled)).toBe(met);
    expect(isMet({ _tag: 'PollsAtMost', ratio: 0.5 }, MEASURED)).toBe(false);
  });

  it.each([
    [1.1, true],
    [1.09, false],
  ])('a growth with an exponent of 1.1 where at most %d is wanted is met: %s', (exponent, met) => {
    expect(isMet({ _tag: 'ExponentAtMost', exponent }, { _tag: 'Grown', exponent: 1.1, sizes: [] })).toBe(met);
  });
});
