import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { READY_DOCUMENTS, READY_SCENARIOS } from '../../../src/apps/simulator/ready/ready-scenarios.ts';
import { nodesIn, resizeScenario } from '../../../src/apps/simulator/resize-scenario.ts';
import { simulate } from '../../../src/apps/simulator/simulate.ts';
import { departureAtOrAfter } from '../../../src/domain/schedule.ts';
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS, plus } from '../../../src/domain/time.ts';

const TIMETABLE = JSON.parse(readFileSync(new URL('../../vectors/slack-timetable.json', import.meta.url), 'utf8')) as {
  readonly artifacts: readonly { readonly version: string; readonly arrivesBefore: string }[];
  readonly departures: readonly { readonly at: string; readonly pins: Readonly<Record<string, string>> }[];
};

/** The instant that the timetable calls `X+1:30`. */
const instantOf = (x: EpochMs, text: string): EpochMs => {
  const [, hours = '', minutes = ''] = /^X\+(\d+):(\d\d)$/.exec(text) ?? [];
  return plus(x, Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS);
};

/** The incidents that other fleets had, in the order of the list of faults. */
const INCIDENTS = [
  'splay-redrawn',
  'late-first-run',
  'hung-lock',
  'run-twice-after-reconnect',
  'rollback-undone',
  'same-nodes-first',
  'doubled-configuration',
  'blank-fields',
  'one-update-hour',
];

describe('the ready scenarios', () => {
  it('have names of their own that are no paths, and say in one line what they are', () => {
    expect(READY_SCENARIOS.size).toBe(READY_DOCUMENTS.length);
    for (const [name, scenario] of READY_SCENARIOS) {
      expect(scenario.name).toBe(name);
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(scenario.about.length).toBeGreaterThan(20);
      expect(scenario.about.length).toBeLessThan(130);
    }
  });

  it.each(INCIDENTS)('%s is there, and small', (name) => {
    const scenario = READY_SCENARIOS.get(name);
    expect(nodesIn(scenario?.fleet ?? [])).toBeGreaterThanOrEqual(50);
    expect(nodesIn(scenario?.fleet ?? [])).toBeLessThanOrEqual(300);
    expect(scenario?.lastsMs).toBeLessThanOrEqual(3 * DAY_MS);
  });

  it('a year is ten thousand nodes over two stacks and eight environments, with faults of every kind', () => {
    const year = READY_SCENARIOS.get('year');
    expect(nodesIn(year?.fleet ?? [])).toBe(10_000);
    expect(year?.fleet).toHaveLength(16);
    expect(year?.lastsMs).toBe(365 * DAY_MS);
    expect(year?.sharedFaults).not.toEqual([]);
  });

  it('T1: slack-day is the published timetable', async () => {
    const day = READY_SCENARIOS.get('slack-day');
    if (day?.installed === undefined) throw new TypeError('slack-day is ready, and something is installed');
    const x = departureAtOrAfter({ everyMs: HOUR_MS, offsetMs: 0 }, day.startsAt);
    const letterOf = new Map<string, string>([[day.installed, 'Z']]);
    TIMETABLE.artifacts.forEach(({ version, arrivesBefore }, i) => {
      const artifact = day.artifacts[i];
      const lateMs = instantOf(x, arrivesBefore) - plus(day.startsAt, artifact?.atMs ?? 0);
      expect(lateMs > 0 && lateMs <= 30 * MINUTE_MS).toBe(true);
      letterOf.set(artifact?.version ?? '', version);
    });
    const { timeline } = await simulate(resizeScenario(day, { nodes: 16 }), { seed: 1 });
    for (const { at, pins } of TIMETABLE.departures) {
      const until = plus(instantOf(x, at), 5 * MINUTE_MS);
      for (const stack of day.plan.stacks) {
        const changes = timeline.pins.filter((pin) => pin.stack === stack && pin.at <= until);
        const shown = Object.fromEntries(changes.map((pin) => [pin.environment, letterOf.get(pin.version)]));
        expect({ at, ...shown }).toMatchObject({ at, ...pins });
      }
    }
  });
});
