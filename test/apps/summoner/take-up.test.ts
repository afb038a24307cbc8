/** A run that outlives its agent, and the agent after that one. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { convergeWith, takeUpWith } from '../../../src/apps/summoner/converge.ts';
import type { SummonerPorts, TakeUp } from '../../../src/apps/summoner/summoner-ports.ts';
import { silentLog } from '../../../src/apps/log.ts';
import { decodeNodeState, type NodeState, type Running } from '../../../src/domain/node-state.ts';
import { encodeSignal } from '../../../src/domain/signal.ts';
import { MINUTE_MS, plus } from '../../../src/domain/time.ts';
import type { ProcessOrder } from '../../../src/ports/process-runner.ts';
import { ROOT } from '../../gates/tool.ts';
import { eventually, jsonFile } from '../../support/daemon-process.ts';
import { MAIN } from '../../support/run-signalbox.ts';
import { version } from '../../support/slack.ts';
import { systemdMissing, withSystemd } from '../../support/systemd-sandbox.ts';
import { during, IDENTITY, machine, RUN_MS, signalOf, START, stateFile, storedState } from './machine.ts';

const RUNNING: Running = {
  cause: { _tag: 'NewVersion', version: version('2') },
  version: O.some(version('2')),
  requests: [],
  startedAt: plus(START, -MINUTE_MS),
  floorDue: false,
};

/** What a node remembers whose last agent went while a run for version 2 was under way. */
const LEFT: Partial<NodeState> = {
  applied: O.some(version('1')),
  lastSuccess: O.some(plus(START, -60 * MINUTE_MS)),
  tried: O.some(version('2')),
  pending: O.some({
    version: version('2'),
    seenAt: plus(START, -2 * MINUTE_MS),
    startAt: plus(START, -MINUTE_MS),
    attempts: 0,
    gaveUp: false,
  }),
  running: O.some(RUNNING),
};

describe('a run that goes on when its agent ends', () => {
  it('fault 58: is taken up by the next agent, and is not run again', async () => {
    const { clock, state, runs, ports } = machine();
    await state.write('summoner.json', stateFile(LEFT), undefined);
    const taken: unknown[] = [];
    const takeUp: TakeUp = (running) => {
      taken.push(running.startedAt);
      return Promise.resolve({ end: clock.sleepUntil(plus(START, RUN_MS)).then(() => ({ _tag: 'Exited', code: 0 })) });
    };
    await during(ports({ takeUp }), async () => {
      await clock.advanceTo(plus(START, RUN_MS - MINUTE_MS));
      expect(await storedState(state)).toMatchObject({ running: { startedAt: expect.any(String) as string } });
      await clock.advanceTo(plus(START, 10 * MINUTE_MS));
    });
    expect(taken).toEqual([RUNNING.startedAt]);
    expect(runs).toMatchObject([{ cause: { _tag: 'NewVersion' }, startedAt: RUNNING.startedAt }]);
    expect(await storedState(state)).toMatchObject({ artifact_version: '2', running: null, failures: 0 });
  });

  it('N5, N13: a signal that is seen meanwhile waits for its end', async () => {
    const { clock, bus, state, runs, ports } = machine();
    await state.write('summoner.json', stateFile(LEFT), undefined);
    await bus.write(IDENTITY, encodeSignal(signalOf('3', START, 0)), undefined);
    const takeUp: TakeUp = () =>
      Promise.resolve({ end: clock.sleepUntil(plus(START, RUN_MS)).then(() => ({ _tag: 'Exited', code: 0 })) });
    await during(ports({ takeUp }), () => clock.advanceTo(plus(START, 30 * MINUTE_MS)));
    expect(runs.map(({ startedAt }) => startedAt - START)).toEqual([-MINUTE_MS, RUN_MS]);
    expect(await storedState(state)).toMatchObject({ artifact_version: '3' });
  });

  it('N8: counts as interrupted where nobody can tell how it ended', async () => {
    const { clock, state, runs, ports } = machine();
    await state.write('summoner.json', stateFile(LEFT), undefined);
    await during(ports({ takeUp: () => Promise.resolve(undefined) }), () =>
      clock.advanceTo(plus(START, 30 * MINUTE_MS)),
    );
    expect(runs).toHaveLength(1);
    expect(await storedState(state)).toMatchObject({ artifact_version: '2', interruptions: 0 });
  });

  it('fault 57, 58: an agent that is to stop leaves it in the state, and only where it goes on', async () => {
    for (const goesOn of [true, false]) {
      const { clock, log, runs, state, ports } = machine();
      const takeUp: Partial<SummonerPorts> = goesOn ? { takeUp: () => Promise.resolve(undefined) } : {};
      await during(ports(takeUp), () => clock.advanceTo(plus(START, MINUTE_MS)));
      const stored = await storedState(state);
      expect(stored['running'] === null).toBe(!goesOn);
      expect(runs).toHaveLength(goesOn ? 0 : 1);
      expect(log.some(({ message }) => message === 'the run is left to the next agent')).toBe(goesOn);
    }
  });

  it('is known by a title of its own', async () => {
    const titles: (string | undefined)[] = [];
    const noted = ({ title }: ProcessOrder) => {
      titles.push(title);
      return { _tag: 'Exited', code: 0, outputTail: '' } as const;
    };
    const runner = {
      run: (order: ProcessOrder) => Promise.resolve(noted(order)),
      takeUp: (order: ProcessOrder) => Promise.resolve({ outcome: Promise.resolve(noted(order)) }),
    };
    const order: ProcessOrder = {
      ...{ command: 'chef-client', args: [], env: {} },
      ...{ timeLimitMs: 1, graceMs: 1, outputTailBytes: 1 },
    };
    const abort = new AbortController().signal;
    await convergeWith(runner, order, silentLog)(RUNNING, abort);
    const taken = await takeUpWith(runner, order, silentLog)?.(RUNNING, abort);
    expect(await taken?.end).toEqual({ _tag: 'Exited', code: 0 });
    const title = 'Signalbox run: NewVersion 2 2026-01-05T11:59:00Z';
    expect(titles).toEqual([title, title]);
    expect(takeUpWith({ run: runner.run }, order, silentLog)).toBeUndefined();
  });
});

describe.skipIf(systemdMissing !== undefined)(
  `the daemon as a unit of a real systemd${systemdMissing === undefined ? '' : ` (skipped: ${systemdMissing})`}`,
  () => {
    /**
     * The unit as it is shipped, with its limits, around the sources; but for what needs mounts of its own, which this
     * systemd cannot make.
     */
    const unitOf = (directory: string, bin: string, config: string): string =>
      readFileSync(join(ROOT, 'deploy/signalbox-summoner.service'), 'utf8')
        .replaceAll(/^(?:Private|Protect|ReadWritePaths).*\n/gm, '')
        .replace(/^ExecStart=.*$/m, `ExecStart=${process.execPath} ${MAIN} --config ${config} summoner`)
        .replace(/^RestartSec=.*$/m, 'RestartSec=1')
        .replace(
          /^\[Install\]$/m,
          [
            `Environment=PATH=${bin}:/usr/sbin:/usr/bin:/sbin:/bin`,
            `WorkingDirectory=${directory}`,
            `StandardError=append:${join(directory, 'summoner.log')}`,
            '$&',
          ].join('\n'),
        );

    it.each([
      ['restarts', 'systemctl restart signalbox-summoner.service'],
      ['kills', 'systemctl kill --signal=KILL signalbox-summoner.service'],
    ])('fault 58: a run that %s its agent goes on, and is the only one', { timeout: 60_000 }, (_how, strike) =>
      withSystemd(async ({ directory, bin }) => {
        const at = (name: string): string => join(directory, name);
        const command = `echo begun >>${at('runs')}; ${strike}; sleep 1; echo ended >>${at('runs')}`;
        const config = {
          ...{ node: 'web-17', stack: 'basalt', environment: 'prod-1', bus: 'bus', node_state: 'node' },
          ...{ fallback_record: 'none', fallback_spare_record: 'none', catch_up_splay: 0, poll_every: '1s' },
          command: ['/bin/sh', '-c', command],
        };
        writeFileSync(at('config.yaml'), JSON.stringify(config));
        writeFileSync(at('units/signalbox-summoner.service'), unitOf(directory, bin, at('config.yaml')));
        execFileSync(join(bin, 'systemctl'), ['daemon-reload']);
        execFileSync(join(bin, 'systemctl'), ['start', 'signalbox-summoner.service']);
        await eventually('a success', () => typeof jsonFile(at('node/summoner.json'))?.['last_run_time'] === 'string');
        expect(readFileSync(at('runs'), 'utf8')).toBe('begun\nended\n');
        expect(readFileSync(at('summoner.log'), 'utf8')).toContain('the run of the last agent was taken up');
        expect(decodeNodeState(readFileSync(at('node/summoner.json'), 'utf8'))).toMatchObject({
          right: { state: { failures: 0, interruptions: 0 } },
        });
      }),
    );
  },
);
