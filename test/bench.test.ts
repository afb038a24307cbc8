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
        for (const figure of ['ratio', 'perSecond', 'alternativePerSecond']) expect(line[figure]).toBeGreaterThan(0);
        expect(line['goal'] === null ? [null] : ['met', 'not met']).toContain(line['verdict']);
      } else {
        expect(line['skipped']).toMatch(/\w/);
        expect(line['verdict']).toBeNull();
      }
    }
  });

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
  ] as const)('goal %j is met: %s', (goal, met) => {
    expect(isMet(goal, MEASURED)).toBe(met);
  });
});
