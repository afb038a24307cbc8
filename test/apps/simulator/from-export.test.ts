/** Going on from what a Librarian has exported, and asking what would have happened. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportCommand } from '../../../src/apps/librarian/commands/export.ts';
import { exportState } from '../../../src/apps/librarian/export-state.ts';
import { silentLog } from '../../../src/apps/log.ts';
import { simulateCommand } from '../../../src/apps/simulator/commands.ts';
import type { FromExport } from '../../../src/apps/simulator/find-export.ts';
import { nextScenario, replayedScenario } from '../../../src/apps/simulator/from-export.ts';
import { type Programs, SHIPPED } from '../../../src/apps/simulator/programs.ts';
import type { Scenario } from '../../../src/apps/simulator/scenario.ts';
import { decodeScenario, ScenarioDocument } from '../../../src/apps/simulator/scenario-json.ts';
import { simulate } from '../../../src/apps/simulator/simulate.ts';
import type { PinChange, SimulationResult } from '../../../src/apps/simulator/simulation-result.ts';
import { versionHistory } from '../../../src/apps/simulator/version-history.ts';
import { decodeJsonWith, formatFieldErrors } from '../../../src/domain/decoding.ts';
import { exportedPin, type ExportedState, ExportedStateDocument } from '../../../src/domain/exported-state.ts';
import { environmentsOf, type ReleasePlan } from '../../../src/domain/release-plan.ts';
import { formatInstant, HOUR_MS, MINUTE_MS, plus } from '../../../src/domain/time.ts';
import { EMPTY_MEMORY } from '../../../src/domain/train-memory.ts';
import { add, must, world } from '../../support/librarian-world.ts';
import { runSignalbox } from '../../support/run-signalbox.ts';
import { planOf, SLACK_PLAN_JSON } from '../../support/slack.ts';

const decoded = <A>(result: E.Either<readonly Parameters<typeof formatFieldErrors>[0][number][], A>): A => {
  if (E.isLeft(result)) throw new Error(formatFieldErrors(result.left));
  return result.right;
};

/** Two days in which artifacts come, people intervene, and a stack is down for a while. */
const EVENTFUL: Scenario = decoded(
  decodeScenario({
    name: 'eventful',
    plan: 'slack',
    lasts: '48h',
    fleet: 18,
    installed: '1.0.0',
    artifacts: Array.from({ length: 12 }, (_, i) => ({ version: `1.0.${i + 1}`, at: `${i * 3 + 1}h20m` })),
    faults: [{ kind: 'chef-server-down', at: '20h25m', for: '50m', on: { stacks: ['ironstone'] } }],
    operators: [
      { does: 'hold', at: '9h', id: 'freeze', scope: 'environment:prod-3', for: '5h' },
      { does: 'promote', at: '15h10m', version: '1.0.2', environment: 'prod' },
      { does: 'rollback', at: '27h5m', environments: ['prod-2', 'prod-3', 'prod-4', 'prod-5', 'prod-6'] },
      { does: 'reject', at: '30h', version: '1.0.9' },
    ],
  }),
);

/** Simulates, and exports what the Librarian knows at `atMs`, before the tick of that instant. */
const exportedAt = async (
  scenario: Scenario,
  atMs: number,
): Promise<{ readonly result: SimulationResult; readonly state: ExportedState }> => {
  const at = plus(scenario.startsAt, atMs);
  const found: ExportedState[] = [];
  const programs: Programs = {
    ...SHIPPED,
    tickWith: (deciders) => (ports) => async () => {
      if (ports.clock.now() === at) found.push(must(await exportState(ports)()));
      return SHIPPED.tickWith(deciders)(ports)();
    },
  };
  // Every tick, also those that decide nothing: one of them is the instant that is asked about.
  const result = await simulate(scenario, { seed: 1, mode: 'poll', programs });
  const [state] = found;
  if (state === undefined) throw new Error(`there was no tick at ${formatInstant(at)}`);
  return { result, state };
};

/** The rest of {@link EVENTFUL} from `atMs` on, as it begins with `state`. */
const restOf = (state: ExportedState, atMs: number): Scenario => {
  const shifted = <A extends { readonly atMs: number }>(all: readonly A[]): readonly A[] =>
    all.filter((one) => one.atMs > atMs).map((one) => ({ ...one, atMs: one.atMs - atMs }));
  return {
    ...nextScenario(state),
    name: EVENTFUL.name,
    lastsMs: EVENTFUL.lastsMs - atMs,
    fleet: EVENTFUL.fleet,
    artifacts: shifted(EVENTFUL.artifacts),
    operators: shifted(EVENTFUL.operators),
    sharedFaults: EVENTFUL.sharedFaults.flatMap((fault) => {
      const from = fault.when._tag === 'At' ? fault.when.atMs : 0;
      const [begins, ends] = [Math.max(from, atMs), from + fault.forMs];
      return ends <= begins
        ? []
        : [{ ...fault, when: { _tag: 'At' as const, atMs: begins - atMs }, forMs: ends - begins }];
    }),
  };
};

const promotionsFrom = (pins: readonly PinChange[], at: number): readonly string[] =>
  pins
    .filter((pin) => pin.at >= at)
    .map((pin) => `${formatInstant(pin.at)} ${pin.stack}/${pin.environment} ${pin.version}`);

const wentOn = async (scenario: Scenario): Promise<readonly string[]> => {
  const { timeline } = await simulate(scenario, { seed: 1 });
  // What was pinned at the start comes first.
  const { start, plan } = scenario;
  const places = environmentsOf(plan).flatMap((environment) =>
    plan.stacks.map((stack) => [environment, stack] as const),
  );
  const pinned = places.filter(([environment, stack]) => start && O.isSome(exportedPin(start, environment, stack)));
  return promotionsFrom(timeline.pins.slice(pinned.length), 0);
};

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-export-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('what happens next', () => {
  it.each([
    ['in the midst of a train', 5 * HOUR_MS],
    ['at the instant of a departure', 8 * HOUR_MS + 30 * MINUTE_MS],
    ['while an environment is held', 11 * HOUR_MS + 7 * MINUTE_MS],
    ['while a stack lacks a step', 20 * HOUR_MS + 40 * MINUTE_MS],
    ['after a rollback', 27 * HOUR_MS + 6 * MINUTE_MS],
    ['after a rejection', 31 * HOUR_MS],
  ])('from an export %s the same promotions follow as without one', async (_, atMs) => {
    const { result, state } = await exportedAt(EVENTFUL, atMs);
    const expected = promotionsFrom(result.timeline.pins, plus(EVENTFUL.startsAt, atMs));
    expect(expected.length).toBeGreaterThan(10);
    const scenario = restOf(state, atMs);
    expect(await wentOn(scenario)).toEqual(expected);
    expect((await simulate(scenario, { seed: 1 })).violations).toEqual([]);
  });

  it('control: without the memory, what follows is something else', async () => {
    const atMs = 20 * HOUR_MS + 40 * MINUTE_MS;
    const { result, state } = await exportedAt(EVENTFUL, atMs);
    const forgetful = { ...state, control: { ...state.control, memory: EMPTY_MEMORY } };
    const expected = promotionsFrom(result.timeline.pins, plus(EVENTFUL.startsAt, atMs));
    expect(await wentOn(restOf(forgetful, atMs))).not.toEqual(expected);
  });

  it('a scenario that starts from an export can be written down and read again', async () => {
    const { state } = await exportedAt(EVENTFUL, 20 * HOUR_MS + 40 * MINUTE_MS);
    const scenario = restOf(state, 20 * HOUR_MS + 40 * MINUTE_MS);
    const written = JSON.stringify(ScenarioDocument.encode(scenario));
    expect(decoded(decodeScenario(JSON.parse(written)))).toEqual(scenario);
  });

  it('is refused beside what is installed', async () => {
    const { state } = await exportedAt(EVENTFUL, HOUR_MS);
    const document = ScenarioDocument.encode({ ...nextScenario(state) });
    const refused = decodeScenario({ ...document, installed: '0.9.0' });
    expect(E.isLeft(refused) && formatFieldErrors(refused.left)).toMatch(/installed: expected none beside start/);
  });
});

describe('what would have happened', () => {
  it('under the same plan is what happened, where nothing failed', async () => {
    const { state } = await exportedAt({ ...EVENTFUL, sharedFaults: [] }, 40 * HOUR_MS);
    const { scenario, was } = decodedReplay(state, 3 * HOUR_MS);
    const { timeline } = await simulate(scenario, { seed: 1 });
    expect(versionHistory(state.plan, timeline.pins)).toEqual(was);
  });

  it('under a plan with fewer departures is less', async () => {
    const { state } = await exportedAt(EVENTFUL, 40 * HOUR_MS);
    const stages = SLACK_PLAN_JSON.stages.map((stage) => ({ ...stage, every: '4h' }));
    const seldom = planOf({ ...SLACK_PLAN_JSON, stages });
    const { scenario, was } = decodedReplay(state, 3 * HOUR_MS, seldom);
    const { timeline, violations } = await simulate(scenario, { seed: 1 });
    const would = versionHistory(seldom, timeline.pins);
    const count = (history: typeof would): number => [...history.values()].flat().length;
    expect(violations).toEqual([]);
    expect(count(would)).toBeGreaterThan(0);
    expect(count(would)).toBeLessThan(count(was));
  });

  it('is not asked about after the export', async () => {
    const { state } = await exportedAt(EVENTFUL, HOUR_MS);
    expect(replayedScenario(state, state.at)).toEqual(E.left('expected an instant before the export'));
  });
});

const decodedReplay = (state: ExportedState, sinceMs: number, plan?: ReleasePlan) => {
  const replayed = replayedScenario(state, plus(EVENTFUL.startsAt, sinceMs), plan);
  if (E.isLeft(replayed)) throw new Error(replayed.left);
  return replayed.right;
};

describe('the commands', () => {
  it('export writes a document that is read back as it was, and never over another', async () => {
    const on = world();
    await add(on, '1.0.1');
    const ports = on.librarian();
    const lines: string[] = [];
    const terminal = {
      out: (line: string) => void lines.push(line),
      err: (line: string) => void lines.push(line),
      isColoured: false,
      environment: {},
      abort: new AbortController().signal,
      log: silentLog,
    };
    const file = join(directory, 'world-2026-01-05T12.00.00Z.json');
    expect(await exportCommand(ports, terminal, { out: O.some(directory), isJson: true })).toBe(0);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ file, plan: 'world', artifacts: 1, audit: 2 });
    expect(await exportCommand(ports, terminal, { out: O.some(file), isJson: false })).toBe(69);
    expect(await exportCommand(ports, terminal, { out: O.none, isJson: false })).toBe(0);
    const state = decoded(decodeJsonWith(ExportedStateDocument)(lines.at(-1) ?? ''));
    expect(state).toEqual(must(await exportState(ports)()));
    expect(await exportCommand(ports, terminal, { out: O.some(join(directory, 'new.json')), isJson: false })).toBe(0);
    expect(lines.at(-1)).toMatch(/^world at 2026-01-05T12:00:00Z: 1 artifacts, 2 records, in /);
  });

  it('simulate tells what happens next, and what would have happened under another plan', async () => {
    const { state } = await exportedAt(EVENTFUL, 24 * HOUR_MS);
    const [file, planFile] = [join(directory, 'export.json'), join(directory, 'plan.json')];
    writeFileSync(file, JSON.stringify(ExportedStateDocument.encode(state)));
    const stages = SLACK_PLAN_JSON.stages.map((stage) => ({ ...stage, every: '2h' }));
    writeFileSync(planFile, JSON.stringify({ ...SLACK_PLAN_JSON, stages }));
    const ask = async (from: Partial<FromExport>, isJson = false) => {
      const [out, err]: [string[], string[]] = [[], []];
      const code = await simulateCommand(
        { simulate, renderReport: () => '' },
        {
          out: (line) => void out.push(line),
          err: (line) => void err.push(line),
          isColoured: false,
          environment: {},
          abort: new AbortController().signal,
          log: silentLog,
        },
        {
          scenario: O.none,
          from: O.some({ file, plan: O.none, replaySince: O.none, ...from }),
          seed: 1,
          mode: 'skip',
          nodes: O.none,
          forMs: O.some(6 * HOUR_MS),
          report: O.none,
          isJson,
        },
      );
      return { code, out: out.join('\n'), err: err.join('\n') };
    };
    const since = { plan: O.some(planFile), replaySince: O.some(plus(EVENTFUL.startsAt, 6 * HOUR_MS)) };
    expect((await ask({})).out).toMatch(/^environment +from +version$/m);
    expect((await ask(since)).out).toMatch(/^environment +from +was +would have been$/m);
    const { versions, replay } = JSON.parse((await ask(since, true)).out) as {
      versions: { environment: string; would: object[]; was: object[] }[];
      replay: string;
    };
    expect(replay).toContain(`--from ${file} --plan ${planFile} --replay-since 2026-01-05T06:00:00Z --seed 1`);
    expect(versions.map(({ environment }) => environment)).toEqual(environmentsOf(state.plan));
    expect(versions.find(({ environment }) => environment === 'dev')?.was.length).toBeGreaterThan(3);
    expect(await ask({ file: join(directory, 'gone.json') })).toMatchObject({
      code: 65,
      err: expect.stringContaining('ENOENT') as string,
    });
    expect(await ask({ file: planFile })).toMatchObject({
      code: 65,
      err: expect.stringContaining('schema: expected 1') as string,
    });
    expect(await ask({ plan: O.some(join(directory, 'gone.yaml')) })).toMatchObject({ code: 65 });
    const late = await ask({ replaySince: O.some(plus(state.at, 1)) });
    expect(late).toMatchObject({
      code: 65,
      err: expect.stringContaining('replay-since: expected an instant before the export') as string,
    });
  });

  it('so does the executable', async () => {
    const { state } = await exportedAt(EVENTFUL, 24 * HOUR_MS);
    writeFileSync(join(directory, 'day.json'), JSON.stringify(ExportedStateDocument.encode(state)));
    const since = ['--replay-since', '2026-01-05T20:00:00Z'];
    const replayed = await runSignalbox(['simulate', '--from', 'day.json', ...since], directory);
    expect(replayed).toMatchObject({ code: 0, err: '' });
    expect(replayed.out).toMatch(/^environment +from +was +would have been$/m);
    expect(await runSignalbox(['simulate', ...since], directory)).toMatchObject({ code: 64 });
    expect(await runSignalbox(['simulate', 'slack-day', '--from', 'day.json'], directory)).toMatchObject({ code: 64 });
  });
});
