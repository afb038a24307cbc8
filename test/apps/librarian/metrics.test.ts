import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { librarianServer } from '../../../src/apps/librarian/http/server.ts';
import type { LibrarianPorts } from '../../../src/apps/librarian/librarian-ports.ts';
import { tick } from '../../../src/apps/librarian/tick.ts';
import { MINUTE_MS, plus } from '../../../src/domain/time.ts';
import { exercised, measuring } from '../../support/exercised-metrics.ts';
import { add, must, world } from '../../support/librarian-world.ts';
import { whichExecutable } from '../../support/which-executable.ts';

/** Sample → value, without those of buckets. */
const samplesOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('_bucket{'))
      .map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
  );

describe('the metrics', () => {
  it('say what a tick did, and what it left behind', async () => {
    const { metrics } = await exercised();
    const samples = samplesOf(await metrics.text());
    const noon = 1_767_614_400;
    expect(Object.fromEntries(samples)).toMatchObject({
      'signalbox_ticks_total{result="Done"}': 3,
      signalbox_tick_duration_seconds_count: 3,
      signalbox_last_tick_timestamp_seconds: noon + 1_800,
      'signalbox_promotions_total{stack="basalt",environment="dev",result="done"}': 1,
      'signalbox_promotions_total{stack="ironstone",environment="dev",result="done"}': 1,
      'signalbox_promotions_total{stack="basalt",environment="prod-1",result="done"}': 1,
      'signalbox_promotions_total{stack="ironstone",environment="prod-1",result="failed"}': 1,
      'signalbox_promotions_total{stack="ironstone",environment="prod-2",result="failed"}': 0,
      'signalbox_environment_outcome{environment="prod-1",outcome="Waiting",reason="StepIncomplete"}': 1,
      'signalbox_environment_artifact_timestamp_seconds{stack="basalt",environment="dev"}': noon,
      'signalbox_step_opened_timestamp_seconds{environment="prod-1"}': noon + 1_800,
      'signalbox_holds{scope="environment"}': 1,
      'signalbox_holds{scope="plan"}': 0,
      signalbox_rejected_versions: 1,
      'signalbox_requests_total{part="chef-server",operation="pin",stack="ironstone",answer="Unavailable"}': 1,
      'signalbox_notifications_total{target="ops",result="Delivered"}': 3,
      signalbox_outbox_deliveries: 0,
    });
    expect(samples.has('signalbox_step_opened_timestamp_seconds{environment="dev"}')).toBe(false);
  });

  it('forget what is not so any more', async () => {
    const { on, metrics } = await exercised();
    const before = samplesOf(await metrics.text());
    must(await tick({ ...on.librarian(), metrics })());
    must(await tick({ ...on.librarian(), metrics })());
    const after = samplesOf(await metrics.text());
    const waiting = 'signalbox_environment_outcome{environment="prod-1",outcome="Waiting",reason="StepIncomplete"}';
    const open = 'signalbox_step_opened_timestamp_seconds{environment="prod-1"}';
    expect([before.has(waiting), before.has(open), after.has(waiting), after.has(open)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('count ticks that fail, and leave the instant of the last good one', async () => {
    const on = world();
    const ports = measuring(on.librarian());
    const failing: LibrarianPorts = {
      ...ports,
      state: { ...ports.state, read: async () => ({ _tag: 'Unavailable', detail: 'down' }) },
    };
    const broken: LibrarianPorts = {
      ...ports,
      artifacts: { ...ports.artifacts, list: () => Promise.reject(new Error()) },
    };
    expect(E.isLeft(await tick(failing)())).toBe(true);
    await expect(tick(broken)()).rejects.toThrow();
    const samples = samplesOf(await ports.metrics.text());
    expect(samples.get('signalbox_ticks_total{result="Unavailable"}')).toBe(1);
    expect(samples.get('signalbox_ticks_total{result="Defect"}')).toBe(1);
    expect(samples.get('signalbox_last_tick_timestamp_seconds')).toBe(0);
  });

  it('have a bounded number of series, however many versions and ticks there are', async () => {
    const on = world();
    const ports = measuring(on.librarian());
    const counts: number[] = [];
    for (let n = 1; n <= 6; n++) {
      await add(on, `1.0.${n}`);
      for (let half = 0; half < 2; half++) {
        await on.clock.advanceTo(plus(on.clock.now(), 30 * MINUTE_MS));
        must(await tick(ports)());
      }
      counts.push(samplesOf(await ports.metrics.text()).size);
    }
    expect(counts.at(-1)).toBe(counts.at(-2));
    expect(await ports.metrics.text()).not.toMatch(/1\.0\.\d/);
  });

  it('are those that docs/operating.md lists, with their types, labels and meaning', async () => {
    const { metrics } = await exercised();
    const text = await metrics.text();
    const samples = [...samplesOf(text).keys()];
    const rows = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(([, name = '', help, type]) => {
      const own = samples.filter((one) => one.replace(/\{.*/, '').replace(/_(?:sum|count)$/, '') === name).join();
      const labels = [...new Set([...own.matchAll(/(\w+)="/g)].map(([, label]) => `\`${label ?? ''}\``))].join(', ');
      return `| \`${name}\` | ${type ?? ''} | ${labels} | ${help ?? ''} |`;
    });
    const document = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');
    const listed = document.split('\n').filter((line) => /^\| `signalbox_(?!fallback)/.test(line));
    expect(listed.map((line) => line.replace(/ +/g, ' '))).toEqual(rows.map((row) => row.replace(/ +/g, ' ')));
  });

  it.skipIf(whichExecutable('promtool') === undefined)(
    'pass promtool check metrics (skipped where there is no promtool)',
    async () => {
      const { metrics } = await exercised(true);
      const text = await metrics.text();
      expect(text).toContain('process_cpu_seconds_total');
      expect(execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe('');
    },
  );
});

describe('GET /metrics', () => {
  it('answers in the text format of Prometheus', async () => {
    const on = world();
    const server = librarianServer(measuring(on.librarian()));
    const answer = await server.inject({ method: 'GET', url: '/metrics' });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.body).toContain('# TYPE signalbox_ticks_total counter');
    await server.close();
  });

  it('says where nothing is measured', async () => {
    const server = librarianServer(world().librarian());
    expect((await server.inject({ method: 'GET', url: '/metrics' })).statusCode).toBe(404);
    await server.close();
  });
});
