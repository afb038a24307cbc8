/** Short names for versions, and which stacks of an environment went the same way. */
import { describe, expect, it } from 'vitest';
import { timeScale } from '../../../../src/apps/simulator/report/time-scale.ts';
import { versionWays } from '../../../../src/apps/simulator/report/version-bands.ts';
import { letterTag, namedVersions } from '../../../../src/apps/simulator/report/version-names.ts';
import type { PinChange } from '../../../../src/apps/simulator/simulation-result.ts';
import { EnvironmentName, nameFromLiteral, StackName, Version } from '../../../../src/domain/names.ts';
import { epochMs, HOUR_MS } from '../../../../src/domain/time.ts';
import { exampleSimulation } from '../../../support/example-simulation.ts';

const version = nameFromLiteral(Version);

/** A change after so many hours. */
const pin = (hours: number, stack: string, environment: string, name: string): PinChange => ({
  at: epochMs(hours * HOUR_MS),
  stack: nameFromLiteral(StackName)(stack),
  environment: nameFromLiteral(EnvironmentName)(environment),
  version: version(name),
});

const SCALE = timeScale({
  ...exampleSimulation().timeline,
  startsAt: epochMs(10 * HOUR_MS),
  endsAt: epochMs(20 * HOUR_MS),
  stepMs: HOUR_MS,
});

describe('names', () => {
  it('are letters in order of arrival', () => {
    const named = namedVersions([pin(3, 'basalt', 'dev', '2026.0803.2'), pin(1, 'basalt', 'dev', '2026.0803.1')]);
    expect([...named.values()].map(({ version: name, tag }) => [name, tag])).toEqual([
      ['2026.0803.1', 'A'],
      ['2026.0803.2', 'B'],
    ]);
    expect([0, 25, 26, 27, 701, 702].map(letterTag)).toEqual(['A', 'Z', 'AA', 'AB', 'ZZ', 'AAA']);
  });

  it('are the versions themselves where those are short', () => {
    const named = namedVersions([pin(1, 'basalt', 'dev', '1.0.1'), pin(2, 'basalt', 'dev', '1.0.2')]);
    expect([...named.values()].map(({ tag }) => tag)).toEqual(['1.0.1', '1.0.2']);
  });
});

describe('ways', () => {
  const waysOf = (pins: readonly PinChange[]): readonly unknown[] =>
    versionWays(pins, [], SCALE).map(({ stacks, bands }) => [
      stacks.join('+'),
      bands.map(({ from, to, version: name }) => `${from}-${to} ${name}`).join(', '),
    ]);

  it('begin with what was there at the start, and end with the time line', () => {
    expect(waysOf([pin(2, 'a', 'dev', '1'), pin(8, 'a', 'dev', '2'), pin(12, 'a', 'dev', '3')])).toEqual([
      ['a', '0-2 2, 2-10 3'],
    ]);
  });

  it('are shared by stacks that differ by no more than a step', () => {
    expect(
      waysOf([
        pin(10, 'a', 'dev', '1'),
        pin(10, 'b', 'dev', '1'),
        pin(12, 'a', 'dev', '2'),
        pin(12.9, 'b', 'dev', '2'),
      ]),
    ).toEqual([['a+b', '0-2 1, 2-10 2']]);
  });

  it('part where stacks differ for longer', () => {
    expect(
      waysOf([pin(10, 'a', 'dev', '1'), pin(10, 'b', 'dev', '1'), pin(12, 'a', 'dev', '2'), pin(14, 'b', 'dev', '2')]),
    ).toEqual([
      ['a', '0-2 1, 2-10 2'],
      ['b', '0-4 1, 4-10 2'],
    ]);
  });

  it('leave out what did not outlast its step, and changes to what was there', () => {
    expect(
      waysOf([
        pin(10, 'a', 'dev', '1'),
        pin(12, 'a', 'dev', '2'),
        pin(12.5, 'a', 'dev', '1'),
        pin(15, 'a', 'dev', '1'),
      ]),
    ).toEqual([['a', '0-10 1']]);
  });
});
