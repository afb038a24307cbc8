import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { EMPTY_NODE_STATE, type NodeState } from '../../src/domain/node-state.ts';
import {
  decodeNodeStatus,
  encodeNodeStatus,
  nodeStatusOf,
  nodeStatusToJson,
  type StatusContext,
} from '../../src/domain/node-status.ts';
import { policyFor, startingBus, step } from '../../src/domain/summoner.ts';
import { epochMs, HOUR_MS, plus } from '../../src/domain/time.ts';
import { environmentName, nodeName, stackName, version } from '../support/slack.ts';

const NOW = epochMs(1_767_614_400_000);
const IDENTITY = { stack: stackName('basalt'), environment: environmentName('prod-1'), node: nodeName('web-17') };
const POLICY = policyFor(IDENTITY);
const CONTEXT: StatusContext = {
  now: NOW,
  writer: 'a-b-1-2',
  pid: 17,
  isStored: false,
  lastPoll: O.some({ at: NOW, outcome: 'Missing' }),
  lastRun: O.some({ cause: 'Floor', outcome: 'Succeeded', started: NOW, ended: NOW }),
};

const statusOf = (fields: Partial<NodeState>) =>
  nodeStatusOf(
    IDENTITY,
    step(POLICY, { node: { ...EMPTY_NODE_STATE, ...fields }, bus: startingBus(POLICY, NOW) }, { _tag: 'Woke' }, NOW),
    CONTEXT,
  );

const BUSY: Partial<NodeState> = {
  applied: O.some(version('1.0.1')),
  lastSuccess: O.some(plus(NOW, -HOUR_MS)),
  pending: O.some({ version: version('1.0.2'), seenAt: NOW, startAt: plus(NOW, HOUR_MS), attempts: 2, gaveUp: false }),
  disabled: O.some({ reason: 'incident 7', owner: 'ann', until: plus(NOW, HOUR_MS), floorToo: true }),
  disabledSince: O.some(NOW),
};

const RUNNING: Partial<NodeState> = {
  running: O.some({ cause: { _tag: 'RunNow' }, version: O.none, requests: [], startedAt: NOW, floorDue: false }),
};

describe('a status', () => {
  it.each([
    ['of a node that knows nothing', {}],
    ['with all there can be', BUSY],
    ['of a run under way', RUNNING],
  ])('%s is read as it was written', (_what, fields) => {
    const status = statusOf(fields);
    expect(decodeNodeStatus(encodeNodeStatus(status))).toEqual(E.right(status));
  });

  it('says what, why, what next and when', () => {
    expect(nodeStatusToJson(statusOf(BUSY))).toMatchObject({
      schema: 1,
      action: 'Wait',
      reason: 'Disabled',
      next_start: null,
      applied_version: '1.0.1',
      last_success: '2026-01-05T11:00:00Z',
      pending: { version: '1.0.2', attempts: 2, gave_up: false },
      disabled: { reason: 'incident 7', owner: 'ann', until: '2026-01-05T13:00:00Z', floor_too: true },
      state_stored: false,
      last_run: { cause: 'Floor', outcome: 'Succeeded' },
      bus: { last_outcome: 'Missing', failures: 0 },
    });
    expect(nodeStatusToJson(statusOf(RUNNING))).toMatchObject({
      reason: 'AlreadyRunning',
      running: { cause: 'RunNow', version: null },
    });
  });

  it('of a newer Summoner is read as far as it is known', () => {
    const newer = { ...nodeStatusToJson(statusOf({})), schema: 2, reason: 'Unheard', more: [1] };
    const decoded = decodeNodeStatus(JSON.stringify(newer));
    expect(E.isRight(decoded) && decoded.right).toMatchObject({ schema: 2, reason: 'Unheard' });
  });
});
