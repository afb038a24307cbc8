/**
 * When artifacts arrive: those that the scenario names, and those that keep coming.
 *
 * @module
 */
import { nameFromLiteral, Version } from '../../domain/names.ts';
import { formatInstant, plus } from '../../domain/time.ts';
import { drawn, PURPOSE } from './draw.ts';
import type { Badness, Scenario, ScenarioArtifact } from './scenario.ts';

const FAILS_EVERYWHERE: readonly Badness[] = [{ on: {}, afterMs: 0, how: 'fails' }];

/** `20260105.7.0`: the day, and how many came before; where the scenario has a version of that name, `20260105.7.1` … */
const streamedVersion = (day: string, nth: number, taken: ReadonlySet<Version>): Version => {
  const numbered = (patch: number): Version => nameFromLiteral(Version)(`${day}.${nth}.${patch}`);
  let patch = 0;
  while (taken.has(numbered(patch))) patch++;
  return numbered(patch);
};

const streamed = (
  scenario: Scenario,
  seed: number,
  nth: number,
  everyMs: number,
  badShare: number,
  taken: ReadonlySet<Version>,
): ScenarioArtifact => {
  const atMs = Math.floor((nth + drawn(seed, PURPOSE.arrivalMoment, nth, 0)) * everyMs);
  const day = formatInstant(plus(scenario.startsAt, atMs)).slice(0, 10).replaceAll('-', '');
  return {
    version: streamedVersion(day, nth, taken),
    atMs,
    bad: drawn(seed, PURPOSE.arrivalBad, nth, 0) < badShare ? FAILS_EVERYWHERE : [],
    breaksSummoner: false,
    cookbooks: 1,
  };
};

/** All artifacts, each of a version of its own, in the order in which they arrive. */
export const arrivalsOf = (scenario: Scenario, seed: number): readonly ScenarioArtifact[] => {
  const { stream, artifacts, installed, start, lastsMs } = scenario;
  const taken = new Set([
    ...artifacts.map(({ version }) => version),
    ...(installed === undefined ? [] : [installed]),
    ...(start?.artifacts ?? []).map(({ version }) => version),
  ]);
  const coming =
    stream === undefined
      ? []
      : Array.from({ length: Math.ceil(lastsMs / stream.everyMs) }, (_, nth) =>
          streamed(scenario, seed, nth, stream.everyMs, stream.badShare, taken),
        );
  return [...artifacts, ...coming].toSorted((a, b) => a.atMs - b.atMs);
};
