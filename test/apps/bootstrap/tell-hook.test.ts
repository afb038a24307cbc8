import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../../src/adapters/memory/index.ts';
import { type BootstrapReport, tellHook } from '../../../src/apps/bootstrap/index.ts';
import { decodeWith } from '../../../src/domain/decoding.ts';
import { EnvironmentName, nameFromLiteral, NodeName, StackName, ZoneId } from '../../../src/domain/names.ts';
import { NotificationField } from '../../../src/domain/notification.ts';
import { epochMs } from '../../../src/domain/time.ts';
import type { ProcessOrder, ProcessOutcome } from '../../../src/ports/process-runner.ts';

const zone = nameFromLiteral(ZoneId)('use1-az4');
const assignment = {
  stack: nameFromLiteral(StackName)('basalt'),
  environment: nameFromLiteral(EnvironmentName)('prod-1'),
  node: nameFromLiteral(NodeName)('web-17'),
};
const HOOK: ProcessOrder = {
  command: '/usr/local/bin/tell',
  args: ['--as', 'ops'],
  env: {},
  timeLimitMs: 30_000,
  graceMs: 5_000,
  outputTailBytes: 100,
};
const NOW = epochMs(1_767_616_300_000);

/** What the hook was told, and what was logged. */
const told = async (
  result: Parameters<ReturnType<typeof tellHook>>[2],
  outcome: ProcessOutcome = { _tag: 'Exited', code: 0, outputTail: '' },
) => {
  const orders: ProcessOrder[] = [];
  const logged: string[] = [];
  await tellHook({
    clock: virtualClock(NOW),
    processes: {
      run: async (order) => {
        orders.push(order);
        return outcome;
      },
    },
    log: (_level, message) => {
      logged.push(message);
    },
  })(HOOK, 'web-17', result);
  return { orders, logged };
};

const done = (report: BootstrapReport) => E.right({ report, zone });

describe('the bootstrap hook', () => {
  it.each<readonly [BootstrapReport, string, string]>([
    [{ _tag: 'Assigned', assignment }, 'Assigned', 'web-17 in zone use1-az4 belongs to basalt/prod-1: Assigned'],
    [
      { _tag: 'Reassigned', assignment, reason: 'more\ncanaries' },
      'Reassigned',
      'web-17 in zone use1-az4 belongs to basalt/prod-1: Reassigned (more canaries)',
    ],
  ])('is told of a success as a receiver of webhooks would be: %j', async (report, outcome, text) => {
    const { orders, logged } = await told(done(report));
    const [order] = orders;
    expect(order).toMatchObject({ command: '/usr/local/bin/tell', args: ['--as', 'ops'], timeLimitMs: 30_000 });
    const document: unknown = JSON.parse(order?.input ?? '');
    expect(document).toMatchObject({
      id: 'web-17/bootstrap.done/2026-01-05T12:31:40Z',
      type: 'bootstrap.done',
      text,
      data: { node: 'web-17', stack: 'basalt', environment: 'prod-1', zone: 'use1-az4', outcome },
    });
    expect(E.isRight(decodeWith(NotificationField)(document))).toBe(true);
    expect(logged).toEqual([]);
  });

  it('is told of a failure, and why', async () => {
    const { orders } = await told(E.left({ _tag: 'BadData', detail: 'zone: expected one of the zone map' }));
    const document: unknown = JSON.parse(orders[0]?.input ?? '');
    expect(document).toMatchObject({
      type: 'bootstrap.failed',
      data: { reason: 'zone: expected one of the zone map' },
    });
    expect(E.isRight(decodeWith(NotificationField)(document))).toBe(true);
  });

  it('is told nothing of a dry run', async () => {
    expect((await told(done({ _tag: 'DryRun', assignment, files: [] }))).orders).toEqual([]);
  });

  it.each<readonly [string, ProcessOutcome]>([
    ['fails', { _tag: 'Exited', code: 1, outputTail: 'no network' }],
    ['hangs', { _tag: 'Stopped', cause: 'TimeLimit', outputTail: '' }],
    ['is not there', { _tag: 'NotStarted', detail: 'ENOENT' }],
  ])('one that %s is logged, and no more', async (_, outcome) => {
    expect((await told(done({ _tag: 'Assigned', assignment }), outcome)).logged).toEqual(['the bootstrap hook failed']);
  });
});
