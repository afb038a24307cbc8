/** The operator's commands, over ports in memory; test/apps/summoner/daemon.test.ts has them against the real daemon. */
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../../src/adapters/memory/index.ts';
import { silentLog } from '../../../src/apps/log.ts';
import { type AskOptions, nodeAsk, nodeStatus } from '../../../src/apps/node/commands.ts';
import type { FileReading, NodePorts, RequestLeft } from '../../../src/apps/node/node-ports.ts';
import { explainReason } from '../../../src/apps/node/node-text.ts';
import { encodeNodeState, EMPTY_NODE_STATE, type NodeState } from '../../../src/domain/node-state.ts';
import { encodeNodeStatus, nodeStatusOf } from '../../../src/domain/node-status.ts';
import { policyFor, startingBus, step } from '../../../src/domain/summoner.ts';
import { HOUR_MS, MINUTE_MS, plus, SECOND_MS } from '../../../src/domain/time.ts';
import { version } from '../../support/slack.ts';
import { IDENTITY, START } from '../summoner/machine.ts';

const POLICY = policyFor(IDENTITY, { catchUpSplaySeconds: 0 });

const stateText = (fields: Partial<NodeState>): string =>
  encodeNodeState({ identity: IDENTITY, state: { ...EMPTY_NODE_STATE, ...fields }, unknownFields: {} });

const found = (text: string): FileReading => ({ _tag: 'Found', text });

/** What a Summoner told at `START` of a node with `fields`. */
const statusText = (fields: Partial<NodeState>, isStored = true): string =>
  encodeNodeStatus(
    nodeStatusOf(
      IDENTITY,
      step(
        POLICY,
        { node: { ...EMPTY_NODE_STATE, ...fields }, bus: startingBus(POLICY, START) },
        { _tag: 'Woke' },
        START,
      ),
      {
        now: START,
        writer: 'w',
        pid: 17,
        isStored,
        lastPoll: O.some({ at: START, outcome: 'Missing' }),
        lastRun: O.some({ cause: 'Floor', outcome: 'Failed', started: START, ended: START }),
      },
    ),
  );

interface Given {
  readonly state?: FileReading;
  readonly status?: FileReading;
  readonly isGone?: boolean | undefined;
  readonly put?: RequestLeft;
  /** After so many looks a Summoner has taken a request in; absent: never. */
  readonly takesAfter?: number;
  readonly afterMs?: number;
}

const node = (given: Given) => {
  const clock = virtualClock(plus(START, given.afterMs ?? SECOND_MS));
  const bodies: string[] = [];
  let looks = 0;
  const ports: NodePorts = {
    clock,
    policy: POLICY,
    readState: async () => given.state ?? { _tag: 'Missing' },
    readStatus: async () => given.status ?? { _tag: 'Missing' },
    isGone: async () => ('isGone' in given ? given.isGone : true),
    requests: {
      look: async () => ({
        _tag: 'Read',
        requests: bodies.map((body, i) => ({ _tag: 'Found', name: `${i}.json`, body })),
      }),
      put: async (body) => {
        if (given.put !== undefined) return given.put;
        bodies.push(body);
        return { _tag: 'Left', name: '0.json' };
      },
      isThere: async () => (looks += 1) <= (given.takesAfter ?? Number.POSITIVE_INFINITY),
    },
  };
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = {
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
    isColoured: false,
    environment: { USER: 'root', SUDO_USER: 'ann' } as Readonly<Record<string, string | undefined>>,
    abort: new AbortController().signal,
    log: silentLog,
  };
  const json = () => JSON.parse(out.at(-1) ?? '') as Record<string, unknown>;
  return { clock, ports, terminal, bodies, out, err, json };
};

const APPLIED: Partial<NodeState> = {
  applied: O.some(version('1.0.1')),
  lastSuccess: O.some(plus(START, -HOUR_MS)),
  lastAttempt: O.some(plus(START, -HOUR_MS)),
};

describe('node status', () => {
  it('of a Summoner that is alive is what that says', async () => {
    const { ports, terminal, json } = node({ status: found(statusText(APPLIED)), isGone: false });
    expect(await nodeStatus(ports, terminal, true)).toBe(0);
    expect(json()).toMatchObject({
      summoner: 'Running',
      pid: 17,
      reason: 'UpToDate',
      applied_version: '1.0.1',
      bus: { last_outcome: 'Missing' },
      waiting: [],
    });
  });

  it.each([
    ['that hangs', { isGone: false, afterMs: HOUR_MS }, 'Stalled'],
    ['of another container', { isGone: undefined }, 'Unknown'],
  ])('says so of a Summoner %s', async (_what, given, summoner) => {
    const { ports, terminal, json } = node({ status: found(statusText(APPLIED)), ...given });
    expect(await nodeStatus(ports, terminal, true)).toBe(0);
    expect(json()).toMatchObject({ summoner, pid: 17 });
  });

  it.each([
    ['that has died', { status: found(statusText({})) }],
    ['that never told anything', {}],
    ['that told what nobody can read', { status: found('{') }],
  ])('without the Summoner, or with one %s, is what one would do', async (_what, given) => {
    const { ports, terminal, json } = node({ state: found(stateText(APPLIED)), ...given });
    expect(await nodeStatus(ports, terminal, true)).toBe(0);
    expect(json()).toMatchObject({
      summoner: 'NotRunning',
      action: 'Wait',
      reason: 'UpToDate',
      applied_version: '1.0.1',
    });
  });

  it('of a node that never ran is that a run would start', async () => {
    const { ports, terminal, json } = node({});
    expect(await nodeStatus(ports, terminal, true)).toBe(0);
    expect(json()).toMatchObject({
      action: 'Start',
      reason: 'FirstRun',
      next_start: '2026-01-05T12:00:01Z',
      next_cause: 'FirstRun',
      running: null,
    });
  });

  it('N10: counts what was asked for and not taken in', async () => {
    const { ports, terminal, json } = node({});
    await nodeAsk(ports, terminal, DISABLE, true);
    expect(await nodeStatus(ports, terminal, true)).toBe(0);
    expect(json()).toMatchObject({
      reason: 'Disabled',
      next_start: null,
      disabled: { reason: 'incident 7', owner: 'ann', floor_too: true },
      waiting: [{ ask: 'Disable', by: 'ann', asked: '2026-01-05T12:00:01Z' }],
    });
  });

  it.each([
    ['may not be read', { _tag: 'NotPermitted', detail: 'EACCES' } as const, 77, 'EACCES'],
    ['cannot be read', { _tag: 'Unavailable', detail: 'EIO' } as const, 69, 'EIO'],
    ['is torn', found('{'), 69, 'keeps this state aside'],
  ])('ends when the state %s', async (_what, state, code, message) => {
    const { ports, terminal, err } = node({ state });
    expect(await nodeStatus(ports, terminal, false)).toBe(code);
    expect(err.join()).toContain(message);
  });

  it('for people says what, why, what next and when', async () => {
    const busy: Partial<NodeState> = {
      ...APPLIED,
      pending: O.some({
        version: version('1.0.2'),
        seenAt: START,
        startAt: plus(START, HOUR_MS),
        attempts: 2,
        gaveUp: true,
      }),
      disabled: O.some({ reason: 'incident 7', owner: 'ann', until: plus(START, HOUR_MS), floorToo: false }),
      disabledSince: O.some(START),
      failures: 2,
      rebootPending: true,
      runNow: true,
    };
    const { ports, terminal, out } = node({ status: found(statusText(busy, false)), isGone: false });
    expect(await nodeStatus(ports, terminal, false)).toBe(0);
    const text = out.join('\n');
    for (const part of [
      'web-17 in basalt/prod-1',
      'running, process 17',
      /applied +1\.0\.1/,
      /last success +2026-01-05T11:00:00Z \(1h1s ago\)/,
      /last run +Failed \(Floor\)/,
      /failures +2 since the last success/,
      /pending +1\.0\.2, seen .*; 2 failed attempts, given up/,
      'wait (Disabled): a person disabled it',
      /disabled +until 2026-01-05T13:00:00Z \(in 59m59s\) by ann: incident 7; the floor runs all the same/,
      /run now +asked for/,
      /reboot +pending/,
      /state +held in memory/,
      /next run +\S+ \(in \S+\) for Floor: the compliance window/,
      /bus +Missing at .*: nothing was ever promoted/,
    ]) {
      expect(text).toMatch(part);
    }
  });

  it.each([
    ['that has nothing to say', { isGone: true }, ['not running', /applied +-/, 'not polled yet']],
    [
      'that hangs',
      { status: found(statusText({})), isGone: false, afterMs: HOUR_MS },
      [/is alive and wanted to look again at .* it hangs/],
    ],
    ['that cannot be seen', { status: found(statusText({})), isGone: undefined }, ['cannot be seen from here']],
  ])('for people is told of one %s', async (_what, given, parts) => {
    const { ports, terminal, out } = node(given);
    await nodeStatus(ports, terminal, false);
    for (const part of parts) expect(out.join('\n')).toMatch(part);
  });

  it('shows a run under way, and the requests that are open', async () => {
    const running: Partial<NodeState> = {
      running: O.some({ cause: { _tag: 'RunNow' }, version: O.none, requests: [], startedAt: START, floorDue: false }),
    };
    const { ports, terminal, out } = node({ status: found(statusText(running)), isGone: false });
    await nodeStatus(ports, terminal, false);
    expect(out.join('\n')).toMatch(/running +RunNow since 2026-01-05T12:00:00Z/);
  });

  it('has words for every reason, and shows one of a newer Summoner as it is', () => {
    expect(explainReason('Splay')).toBe('it waits its splay');
    expect(explainReason('constructor')).toBe('constructor');
  });
});

const DISABLE: AskOptions = { _tag: 'Disable', reason: 'incident 7', owner: O.none, forMs: HOUR_MS, floorToo: true };

describe('node disable, enable and run-now', () => {
  const asking = async (given: Given, options: AskOptions, isJson = false) => {
    const made = node(given);
    const asked = nodeAsk(made.ports, made.terminal, options, isJson);
    await made.clock.advanceTo(plus(START, MINUTE_MS));
    return { ...made, code: await asked };
  };
  const alive: Given = { status: found(statusText(APPLIED)), isGone: false };

  it('leave a request that says what, who and why', async () => {
    const { code, bodies } = await asking({}, { ...DISABLE, owner: O.some('bob') });
    expect(code).toBe(0);
    expect(JSON.parse(bodies[0] ?? '')).toEqual({
      schema: 1,
      ask: 'disable',
      asked: '2026-01-05T12:00:01Z',
      by: 'ann',
      reason: 'incident 7',
      owner: 'bob',
      until: '2026-01-05T13:00:01Z',
      floor_too: true,
    });
  });

  it('see that a Summoner which is alive takes it in', async () => {
    const { code, out } = await asking({ ...alive, takesAfter: 3 }, { _tag: 'Enable' });
    expect([code, out]).toEqual([0, ['asked to be enabled: the Summoner has taken it in']]);
  });

  it('ask to be tried again when one that is alive does not', async () => {
    const { code, json } = await asking(alive, DISABLE, true);
    expect(code).toBe(75);
    expect(json()).toEqual({
      ask: 'Disable',
      asked: '2026-01-05T12:00:01Z',
      until: '2026-01-05T13:00:01Z',
      summoner: 'Running',
      taken: false,
    });
  });

  it.each([
    [
      'no Summoner',
      {},
      /no Summoner runs here: the next one takes it in before it starts anything; until .* the floor neither$/,
    ],
    ['one that cannot be seen', { ...alive, isGone: undefined }, /cannot be seen from here/],
    ['one that does not', alive, /has not taken it in yet; it does before it starts anything/],
  ])('say who takes it in: %s', async (_what, given, message) => {
    const { out } = await asking(given, DISABLE);
    expect(out[0]).toMatch(message);
  });

  it('say that a run waits for the end of a disabling', async () => {
    const disabled = {
      disabled: O.some({ reason: 'r', owner: 'o', until: plus(START, HOUR_MS), floorToo: false }),
      disabledSince: O.some(START),
    };
    const given = { status: found(statusText({ ...APPLIED, ...disabled })), isGone: false, takesAfter: 0 };
    const { out, bodies } = await asking(given, { _tag: 'RunNow', reason: O.some('certificates') });
    expect(out[0]).toMatch(/; the node is disabled until 2026-01-05T13:00:00Z .* and runs then or when it is enabled$/);
    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({ ask: 'run-now', reason: 'certificates' });
  });

  it.each([
    ['who may not', { put: { _tag: 'NotPermitted', detail: 'use sudo' } } as const, 77, 'use sudo'],
    ['when it cannot be written', { put: { _tag: 'Failed', detail: 'ENOSPC' } } as const, 69, 'ENOSPC'],
  ])('fail for one %s', async (_what, given, code, message) => {
    const asked = await asking(given, DISABLE);
    expect(asked.code).toBe(code);
    expect(asked.err.join()).toContain(message);
  });

  it('refuse a name that could not be read back', async () => {
    const { ports, terminal, bodies } = node({});
    const named = { ...terminal, environment: { USER: 'a\nb' } };
    expect(await nodeAsk(ports, named, DISABLE, false)).toBe(64);
    expect(bodies).toEqual([]);
  });
});
