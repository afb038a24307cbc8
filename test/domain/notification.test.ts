import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { EXAMPLE_NOTICES } from '../../src/adapters/contracts/index.ts';
import { decodeWith } from '../../src/domain/decoding.ts';
import type { StackName, Version } from '../../src/domain/names.ts';
import {
  explainNotice,
  NOTICE_TYPES,
  type Notice,
  NotificationField,
  notificationOf,
  promotionNotices,
} from '../../src/domain/notification.ts';
import { promotionId } from '../../src/domain/promotion-id.ts';
import { epochMs, MINUTE_MS, plus } from '../../src/domain/time.ts';
import { EMPTY_MEMORY, openStep } from '../../src/domain/train-memory.ts';
import { environmentName, planOf, stackName, version } from '../support/slack.ts';

const PLAN = planOf({
  name: 'web',
  stacks: ['basalt', 'ironstone'],
  stages: [{ name: 'latest', kind: 'latest', environments: ['dev'], every: '1h' }],
});
const DEV = environmentName('dev');
const STACKS = [stackName('basalt'), stackName('ironstone')];
const [OLD, NEW] = [version('1.0.1'), version('1.0.2')];
const NOON = epochMs(Date.UTC(2026, 0, 5, 12));

const pinsOf = (...each: readonly (Version | 'unreadable')[]) =>
  new Map([
    [
      DEV,
      new Map(
        STACKS.flatMap((stack, i): (readonly [StackName, O.Option<Version>])[] => {
          const pin = each[i] ?? 'unreadable';
          return pin === 'unreadable' ? [] : [[stack, O.some(pin)]];
        }),
      ),
    ],
  ]);

const opened = (stacks: readonly StackName[] = STACKS) =>
  openStep(EMPTY_MEMORY, DEV, { version: NEW, from: new Map(), stacks, splaySeconds: 0, openedAt: NOON });

const tell = (pins: ReturnType<typeof pinsOf>, afterMs: number, memory = opened()) =>
  promotionNotices({ plan: PLAN, pins, memory, now: plus(NOON, afterMs) }, 30 * MINUTE_MS);

describe('promotionNotices', () => {
  it('L8: tells nothing where nothing is promoted, whatever is pinned', () => {
    expect(tell(pinsOf(NEW, NEW), 90 * MINUTE_MS, EMPTY_MEMORY)).toEqual([]);
  });

  it('T13: tells of a promotion once every stack of its step has the version', () => {
    expect(tell(pinsOf(NEW, OLD), 0)).toEqual([]);
    expect(tell(pinsOf(NEW, 'unreadable'), 0)).toEqual([]);
    expect(tell(pinsOf(NEW, NEW), 0)).toEqual([
      {
        id: 'web/promotion.done/dev/1.0.2/2026-01-05T12:00:00Z',
        source: 'web',
        at: NOON,
        type: 'promotion.done',
        data: { promotion: 'dev/1.0.2/2026-01-05T12:00:00Z', environment: DEV, version: NEW, stacks: STACKS },
      },
    ]);
    expect(tell(pinsOf(NEW, OLD), 0, opened(STACKS.slice(0, 1)))).toHaveLength(1);
  });

  it('L3: has the same id however late and by whom it is told', () => {
    const [first] = tell(pinsOf(NEW, NEW), 0);
    const [second] = tell(pinsOf(NEW, NEW), 90 * MINUTE_MS);
    expect(second?.id).toBe(first?.id);
  });

  it('calls a step stuck from the given time on, and says where it is missing', () => {
    expect(tell(pinsOf(NEW, OLD), 30 * MINUTE_MS - 1)).toEqual([]);
    expect(tell(pinsOf(NEW, OLD), 30 * MINUTE_MS)).toMatchObject([
      {
        id: 'web/promotion.stuck/dev/1.0.2/2026-01-05T12:00:00Z',
        type: 'promotion.stuck',
        data: { environment: DEV, version: NEW, since: NOON, missing: ['ironstone'] },
      },
    ]);
    expect(tell(pinsOf(NEW, 'unreadable'), 31 * MINUTE_MS)).toMatchObject([{ data: { missing: ['ironstone'] } }]);
  });

  it('fault 34: calls no step stuck that a clock ahead of this one opened', () => {
    expect(tell(pinsOf(OLD, OLD), -90 * MINUTE_MS)).toEqual([]);
  });

  it('tells a promotion from the same one made again', () => {
    const step = { version: NEW, openedAt: NOON };
    expect(promotionId(DEV, step)).not.toBe(promotionId(DEV, { ...step, openedAt: plus(NOON, 1) }));
  });
});

describe('NotificationField', () => {
  it('has an example of every kind', () => {
    expect(EXAMPLE_NOTICES.map(({ type }) => type)).toEqual(NOTICE_TYPES);
  });

  it.each(EXAMPLE_NOTICES)('reads back what it writes of $type', (notice) => {
    const notification = notificationOf('web', notice, 'example', NOON);
    const json: unknown = JSON.parse(JSON.stringify(NotificationField.encode(notification)));
    expect(json).toMatchObject({
      id: `web/${notice.type}/example`,
      type: notice.type,
      timestamp: '2026-01-05T12:00:00Z',
      source: 'web',
      text: explainNotice(notice),
    });
    expect(decodeWith(NotificationField)(json)).toEqual(E.right(notification));
  });

  it.each([
    [{ type: 'promotion.begun' }, 'type'],
    [{ data: { name: 'a.tar.gz' } }, 'data.reason'],
    [{ data: { name: 'a.tar.gz', reason: 'bad', more: 1 } }, 'data.more'],
    [{ id: '' }, 'id'],
    [{ timestamp: 'noon' }, 'timestamp'],
  ])('names the field that is wrong in %j', (wrong, field) => {
    const notice: Notice = { type: 'artifact.refused', data: { name: 'a.tar.gz', reason: 'bad' } };
    const json = NotificationField.encode(notificationOf('web', notice, 'example', NOON));
    const decoded = decodeWith(NotificationField)({ ...json, ...wrong });
    expect(E.isLeft(decoded) ? decoded.left.map((error) => error.field) : []).toEqual([field]);
  });
});

describe('explainNotice', () => {
  it.each(EXAMPLE_NOTICES.map((notice) => [notice.type, explainNotice(notice)]))('%s: %s', (type, text) => {
    expect(text).toBe(
      {
        'promotion.done': 'prod-1 is on 1.0.1 on basalt',
        'promotion.stuck':
          'prod-1 has been on its way to 1.0.1 since 2026-01-05T12:30:00Z and lacks it on basalt; `signalbox explain prod-1` says why',
        'promotion.rolled_back':
          'Anna <anna@example.com> & friends rolls back prod-1 to 1.0.1, and rejects 1.0.2: disks fill up <!channel> "quoted" é🚦',
        'hold.added':
          'hold freeze: environment:prod-1 is held by Anna <anna@example.com> & friends until 2026-01-06T11:46:40Z: disks fill up <!channel> "quoted" é🚦',
        'hold.lifted':
          'hold freeze is lifted by Anna <anna@example.com> & friends: disks fill up <!channel> "quoted" é🚦',
        'version.rejected':
          '1.0.1 is rejected by Anna <anna@example.com> & friends: disks fill up <!channel> "quoted" é🚦',
        'version.approved':
          '1.0.1 is approved by Anna <anna@example.com> & friends: disks fill up <!channel> "quoted" é🚦',
        'artifact.refused': 'artifact 1.0.1.tar.gz is refused: disks fill up <!channel> "quoted" é🚦',
        'fallback.fired': 'the fallback fired on web-17.example.com: Succeeded (Overdue)',
        'bootstrap.done':
          'web-17.example.com in zone use1-az4 belongs to basalt/prod-1: Reassigned (disks fill up <!channel> "quoted" é🚦)',
        'bootstrap.failed': 'a machine does not know where it belongs: disks fill up <!channel> "quoted" é🚦',
      }[type],
    );
  });
});
