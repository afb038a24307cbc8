/** What the agent tells of itself, over ports in memory. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { newBell } from '../../../src/apps/summoner/bell.ts';
import { type Demands, runDaemon, type Surroundings } from '../../../src/apps/summoner/daemon.ts';
import { latestTo } from '../../../src/apps/summoner/latest.ts';
import type { Report } from '../../../src/apps/summoner/node-report.ts';
import { STATE_KEY, type SummonerPorts } from '../../../src/apps/summoner/summoner-ports.ts';
import { fedWith, patienceMs } from '../../../src/apps/summoner/watchdog.ts';
import type { Failure } from '../../../src/apps/failure.ts';
import { encodeNodeStatus } from '../../../src/domain/node-status.ts';
import { encodeSignal } from '../../../src/domain/signal.ts';
import { policyFor } from '../../../src/domain/summoner.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, plus, SECOND_MS } from '../../../src/domain/time.ts';
import { whichExecutable } from '../../support/which-executable.ts';
import { IDENTITY, machine, signalOf, START, stateFile } from './machine.ts';

type Told = Readonly<Record<string, string>>;

/** Runs the daemon while `meanwhile` happens, and answers all that it told. */
const daemonDuring = async (
  ports: SummonerPorts,
  meanwhile: (demand: () => Demands, told: readonly Told[]) => Promise<void>,
  chosen: Partial<Surroundings> = {},
): Promise<{ readonly told: readonly Told[]; readonly reports: readonly Report[] }> => {
  const told: Told[] = [];
  const reports: Report[] = [];
  const stop = new AbortController();
  let demands: Demands | undefined;
  const running = runDaemon(ports, stop.signal, {
    writer: 'a-b-1-2',
    pid: 17,
    publish: async (report) => {
      reports.push(report);
    },
    tell: async (fields) => {
      told.push(fields);
    },
    watchdogMs: 15 * MINUTE_MS,
    graceMs: () => 5 * MINUTE_MS,
    onDemands: (given) => {
      demands = given;
      return () => (demands = undefined);
    },
    watchRequests: async () => () => undefined,
    reload: async () => E.left<Failure>({ _tag: 'BadData', detail: 'bad' }),
    monotonicUs: () => 17n,
    ...chosen,
  });
  const demand = (): Demands => {
    if (demands === undefined) throw new Error('expected the daemon to listen');
    return demands;
  };
  await meanwhile(demand, told);
  stop.abort();
  await running;
  expect(demands).toBeUndefined();
  return { told, reports };
};

const feeds = (told: readonly Told[]) => told.filter(({ WATCHDOG }) => WATCHDOG === '1');

describe('fault 59: the watchdog', () => {
  it('is fed at the first decision and by every poll that was taken in, and by nothing else', async () => {
    const { clock, ports } = machine();
    let polls = 0;
    const made = ports();
    const bus: SummonerPorts['bus'] = {
      ...made.bus,
      read: async (key, known) => {
        polls += 1;
        return made.bus.read(key, known);
      },
    };
    const { told } = await daemonDuring({ ...made, bus }, () => clock.advanceTo(plus(START, DAY_MS)));
    expect(polls).toBeGreaterThan(1_000);
    expect(feeds(told)).toHaveLength(1 + polls);
  });

  it('starves when a poll never ends', async () => {
    const { clock, ports } = machine();
    const made = ports();
    const hanging = { ...made, bus: { ...made.bus, read: () => new Promise<never>(() => undefined) } };
    const stop = new AbortController();
    const told: Told[] = [];
    void runDaemon(hanging, stop.signal, {
      writer: '',
      pid: 17,
      publish: async () => undefined,
      tell: async (fields) => {
        told.push(fields);
      },
      watchdogMs: 15 * MINUTE_MS,
      graceMs: () => 0,
      onDemands: () => () => undefined,
      watchRequests: async () => () => undefined,
      reload: async () => E.left<Failure>({ _tag: 'BadData', detail: '' }),
      monotonicUs: () => 0n,
    });
    await clock.advanceTo(plus(START, DAY_MS));
    expect(feeds(told)).toHaveLength(1);
    expect(told[0]).toMatchObject({ READY: '1', WATCHDOG: '1' });
  });

  it('fault 57: asks for as much time to stop as a run has', async () => {
    const { clock, ports } = machine();
    const { told } = await daemonDuring(ports(), () => clock.advanceTo(plus(START, MINUTE_MS)));
    expect(told.at(-1)).toMatchObject({ STOPPING: '1', EXTEND_TIMEOUT_USEC: String(6 * 60 * 1_000_000) });
  });

  it('starves when every turn fails', async () => {
    const { clock, ports, log } = machine();
    const broken = ports({ fallbackSuccess: () => Promise.reject(new Error('a defect')) });
    const { told } = await daemonDuring(broken, () => clock.advanceTo(plus(START, HOUR_MS)));
    expect(told.filter(({ STOPPING }) => STOPPING === undefined)).toEqual([]);
    expect(log.some(({ message }) => message === 'a turn of the Summoner failed')).toBe(true);
  });

  it('N9: has patience for the next poll, also while the bus is down and polls back off', async () => {
    const { clock, ports } = machine();
    const made = ports();
    const at: number[] = [];
    const patience: number[] = [];
    const bus: SummonerPorts['bus'] = {
      ...made.bus,
      read: async () => {
        at.push(clock.elapsedMs());
        return { _tag: 'Unavailable', detail: 'down' };
      },
    };
    await daemonDuring({ ...made, bus }, () => clock.advanceTo(plus(START, DAY_MS)), {
      tell: async ({ WATCHDOG_USEC: usec }) => {
        if (usec !== undefined) patience.push(Number(usec) / 1_000);
      },
    });
    const gaps = at.map((instant, i) => instant - (at[i - 1] ?? 0));
    expect(Math.max(...gaps)).toBeGreaterThan(15 * MINUTE_MS);
    for (const [i, gap] of gaps.entries()) expect(2 * gap).toBeLessThanOrEqual(patience[i] ?? 0);
  });

  it('waits as long as its unit says where that is longer', () => {
    expect(fedWith(15 * MINUTE_MS, MINUTE_MS)).toEqual({ WATCHDOG: '1', WATCHDOG_USEC: '900000000' });
    expect(fedWith(MINUTE_MS, 10 * MINUTE_MS)).toEqual({ WATCHDOG: '1', WATCHDOG_USEC: '1320000000' });
    expect(patienceMs(-MINUTE_MS)).toBe(2 * MINUTE_MS);
  });
});

describe('the line for the service manager', () => {
  it('says who disabled the node, until when and why, and when it runs all the same', async () => {
    const { clock, state, ports } = machine();
    const disabled = { reason: 'incident 7', owner: 'ann', until: plus(START, HOUR_MS), floorToo: false };
    const held = { disabled: O.some(disabled), disabledSince: O.some(START), lastSuccess: O.some(START) };
    await state.write(STATE_KEY, stateFile(held), undefined);
    const { told } = await daemonDuring(ports(), () => clock.advanceTo(plus(START, MINUTE_MS)));
    expect(told[0]?.['STATUS']).toMatch(
      /^disabled until 2026-01-05T13:00:00Z by ann \(incident 7\); next run at 2026-01-05T23:/,
    );
  });
});

describe('the daemon', () => {
  it('complains of a watchdog that is shorter than the polls are apart', async () => {
    const { clock, ports, log } = machine();
    await daemonDuring(ports(), () => clock.advanceTo(plus(START, MINUTE_MS)), { watchdogMs: MINUTE_MS });
    const [complaint] = log.filter(({ level }) => level === 'warn');
    expect(complaint?.fields).toEqual({ watchdog_seconds: 60, needed_seconds: 720 });
  });

  it('says nothing to a service manager that is not there, and has one line for each thing that it does', async () => {
    const { clock, ports, bus } = machine();
    const { told } = await daemonDuring(ports(), async (demand) => {
      await clock.advanceTo(plus(START, HOUR_MS));
      await bus.write(IDENTITY, encodeSignal(signalOf('1.0.1', clock.now())), undefined);
      await clock.advanceTo(plus(START, 3 * HOUR_MS));
      demand().runNow();
      await clock.advanceTo(plus(START, 4 * HOUR_MS));
    });
    const lines = told.flatMap(({ STATUS }) => (STATUS === undefined ? [] : [STATUS.replace(/ .*/, '')]));
    // Without an operator nobody can ask for a run.
    expect(lines).toEqual(['running', 'UpToDate;', 'Splay;', 'running', 'UpToDate;', 'stopping;']);
  });

  it('goes by the ports that it loads again, knows nothing of their bus, and keeps the old ones of a bad one', async () => {
    const { clock, ports, log } = machine();
    const known: (string | undefined)[] = [];
    const made = ports();
    const other: SummonerPorts = {
      ...ports({ policy: policyFor(IDENTITY, { pollEveryMs: 10 * SECOND_MS }) }),
      bus: {
        ...made.bus,
        read: async (_key, revision) => {
          known.push(revision);
          return { _tag: 'Missing' };
        },
      },
    };
    const answers: E.Either<Failure, SummonerPorts>[] = [E.left({ _tag: 'BadData', detail: 'bogus' }), E.right(other)];
    const { told } = await daemonDuring(
      made,
      async (demand) => {
        await clock.advanceTo(plus(START, HOUR_MS));
        demand().reload();
        await clock.advanceTo(plus(START, HOUR_MS + MINUTE_MS));
        expect(known).toEqual([]);
        demand().reload();
        await clock.advanceTo(plus(START, HOUR_MS + 2 * MINUTE_MS));
      },
      { reload: async () => answers.shift() ?? E.left({ _tag: 'BadData', detail: 'no more' }) },
    );
    expect(known.length).toBeGreaterThanOrEqual(5);
    expect(known[0]).toBeUndefined();
    const lifecycle = told.filter((fields) => 'RELOADING' in fields || 'READY' in fields);
    expect(lifecycle.map((fields) => Object.keys(fields)[0])).toEqual([
      'READY',
      'RELOADING',
      'READY',
      'RELOADING',
      'READY',
    ]);
    expect(log.find(({ level }) => level === 'error')?.fields).toEqual({ detail: 'bogus' });
  });
});

/** What a node tells that has seen all there is: a refused signal, failures, a pending version. */
const eventful = async (): Promise<Report> => {
  const { clock, ports, bus } = machine(({ version }) => ({ _tag: 'Exited', code: version._tag === 'Some' ? 1 : 0 }));
  const { reports } = await daemonDuring(ports(), async () => {
    await clock.advanceTo(plus(START, HOUR_MS));
    await bus.write(IDENTITY, '{}', undefined);
    await clock.advanceTo(plus(START, 2 * HOUR_MS));
    const reading = await bus.read(IDENTITY, undefined);
    const revision = reading._tag === 'Fresh' ? reading.revision : undefined;
    await bus.write(IDENTITY, encodeSignal(signalOf('1.0.1', clock.now(), 60)), revision);
    await clock.advanceTo(plus(START, 8 * HOUR_MS));
  });
  const last = reports.at(-1);
  if (last === undefined) throw new Error('expected a report');
  return last;
};

describe('the metrics', () => {
  it('say what the node did and how it is', async () => {
    const { metrics } = await eventful();
    const samples = new Map(
      metrics
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    );
    expect(Object.fromEntries(samples)).toMatchObject({
      'signalbox_summoner_runs_total{cause="FirstRun",outcome="Succeeded"}': 1,
      'signalbox_summoner_runs_total{cause="NewVersion",outcome="Failed"}': 5,
      'signalbox_summoner_runs_total{cause="Floor",outcome="Succeeded"}': 0,
      'signalbox_summoner_pending_info{version="1.0.1"}': 1,
      signalbox_summoner_pending_gave_up: 1,
      signalbox_summoner_failures: 5,
      signalbox_summoner_disabled: 0,
      signalbox_summoner_state_stored: 1,
      'signalbox_summoner_decision{action="Wait",reason="GaveUp"}': 1,
      signalbox_summoner_last_success_timestamp_seconds: START / SECOND_MS + 300,
    });
    expect([...samples.keys()].some((name) => name.startsWith('signalbox_summoner_refused_signals_total{'))).toBe(true);
    expect([...samples.keys()].filter((name) => name.startsWith('signalbox_summoner_applied_info'))).toEqual([]);
  });

  it('are those that docs/summoner.md lists, with their types, labels and meaning', async () => {
    const { metrics } = await eventful();
    const rows = [...metrics.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n(\S*)/gm)].map(
      ([, name = '', help = '', type = '', sample = '']) => {
        const labels = [...sample.matchAll(/(\w+)="/g)].map(([, label]) => `\`${label ?? ''}\``).join(', ');
        return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
      },
    );
    const text = readFileSync(new URL('../../../docs/summoner.md', import.meta.url), 'utf8');
    const listed = text.split('\n').filter((line) => /^\| `signalbox_summoner_(?!applied_info)/.test(line));
    expect(listed.map((line) => line.replace(/ +/g, ' '))).toEqual(rows.map((row) => row.replace(/ +/g, ' ')));
  });

  it.skipIf(whichExecutable('promtool') === undefined)(
    'pass promtool check metrics (skipped where there is no promtool)',
    async () => {
      const { metrics } = await eventful();
      execFileSync('promtool', ['check', 'metrics'], { input: metrics, stdio: ['pipe', 'ignore', 'pipe'] });
    },
  );
});

describe('the status', () => {
  it('has the fields that docs/summoner.md lists', async () => {
    const { status } = await eventful();
    const text = readFileSync(new URL('../../../docs/summoner.md', import.meta.url), 'utf8');
    const listed = [...text.matchAll(/^\| `(\w+)` \| .* \|$/gm)].map(([, name]) => name);
    const written = Object.keys(JSON.parse(encodeNodeStatus(status)) as object);
    expect(listed.filter((name) => written.includes(name ?? ''))).toEqual(written);
  });
});

describe('the bell', () => {
  it('wakes who listens, and who listens next where nobody did', () => {
    const bell = newBell();
    const woken: string[] = [];
    bell.ring();
    const stop = bell.listen(() => woken.push('first'));
    bell.ring();
    stop();
    bell.listen(() => woken.push('second'));
    expect(woken).toEqual(['first', 'first']);
    bell.ring();
    expect(woken).toEqual(['first', 'first', 'second']);
  });
});

describe('the latest', () => {
  it('is written one at a time, and what was overtaken never', async () => {
    const written: number[] = [];
    let underWay = 0;
    const latest = latestTo<number>(async (value) => {
      underWay += 1;
      expect(underWay).toBe(1);
      await Promise.resolve();
      written.push(value);
      if (value === 2) [3, 4].forEach(latest.set);
      underWay -= 1;
    });
    [1, 2].forEach(latest.set);
    await latest.settled();
    expect(written).toEqual([2, 4]);
  });
});
