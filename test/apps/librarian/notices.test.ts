/** Telling people: once, at once, and never in the way of what is told. */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryArtifactInbox, memoryNotifier, type MemoryNotifier } from '../../../src/adapters/memory/index.ts';
import { webhookNotifier } from '../../../src/adapters/webhook/index.ts';
import {
  deliverBriefly,
  deliverDue,
  deliverNotices,
  LOOK_EVERY_MS,
} from '../../../src/apps/librarian/deliver-notices.ts';
import { addHold, approve, liftHold, promote, reject, rollback } from '../../../src/apps/librarian/intervene.ts';
import type { LibrarianPorts } from '../../../src/apps/librarian/librarian-ports.ts';
import { noticesOf, type NoticeTarget } from '../../../src/apps/librarian/notice-settings.ts';
import { outboxForm } from '../../../src/apps/librarian/notices.ts';
import { takeIn } from '../../../src/apps/librarian/take-in.ts';
import { tick } from '../../../src/apps/librarian/tick.ts';
import type { Log } from '../../../src/apps/log.ts';
import { nameFromLiteral, Slug } from '../../../src/domain/names.ts';
import { explainNotice, NOTICE_TYPES } from '../../../src/domain/notification.ts';
import { decodeOutbox, type Outbox } from '../../../src/domain/outbox.ts';
import { HOUR_MS, MINUTE_MS, plus } from '../../../src/domain/time.ts';
import {
  add,
  BASALT,
  DEV,
  IRONSTONE,
  Killed,
  type Kill,
  must,
  NOON,
  promoteTo,
  TESTER,
  world,
  type World,
} from '../../support/librarian-world.ts';
import { type Receiver, startReceiver } from '../../support/receiver.ts';
import { version } from '../../support/slack.ts';

const OPS = nameFromLiteral(Slug)('ops');
const FREEZE = nameFromLiteral(Slug)('freeze');
const EVERYTHING = new Set(NOTICE_TYPES);
const STUCK_AFTER_MS = 30 * MINUTE_MS;

interface Entry {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface Telling extends LibrarianPorts {
  readonly entries: readonly Entry[];
}

const telling = (
  on: World,
  notifier: NoticeTarget['notifier'],
  kill?: Kill,
  events: NoticeTarget['events'] = EVERYTHING,
): Telling => {
  const entries: Entry[] = [];
  const log: Log = (level, message, fields = {}) => {
    entries.push({ level, message, fields });
  };
  const notices = noticesOf({ targets: [{ name: OPS, events, notifier }], stuckAfterMs: STUCK_AFTER_MS });
  return { ...on.librarian(kill), notices, log, entries };
};

const told = ({ taken }: MemoryNotifier): readonly string[] => taken.map((notification) => explainNotice(notification));

const outboxOf = async (ports: LibrarianPorts): Promise<Outbox> => {
  const { key, empty } = outboxForm(ports);
  const reading = await ports.state.read(key);
  if (reading._tag === 'Missing') return empty;
  const decoded = decodeOutbox(reading._tag === 'Found' ? reading.body : '');
  if (E.isLeft(decoded)) throw new Error(JSON.stringify(decoded.left));
  return decoded.right;
};

/** A world whose next tick promotes dev to 1.0.1. */
const worldWithArtifact = async (): Promise<World> => {
  const on = world();
  await add(on, '1.0.1');
  return on;
};

const tickAndDeliver = async (ports: LibrarianPorts): Promise<void> => {
  must(await tick(ports)());
  must(await deliverDue(ports));
};

describe('a promotion', () => {
  it('is told of once it is done, once, with the id that its audit records and log entries have', async () => {
    const on = await worldWithArtifact();
    const notifier = memoryNotifier();
    const ports = telling(on, notifier);
    await tickAndDeliver(ports);
    await tickAndDeliver(ports);
    expect(told(notifier)).toEqual(['dev is on 1.0.1 on basalt, ironstone']);
    const [notification] = notifier.taken;
    const id = 'dev/1.0.1/2026-01-05T12:00:00Z';
    expect(notification).toMatchObject({ source: 'world', data: { promotion: id } });
    const promoted = ports.entries.filter(({ message }) => message === 'promoted');
    expect(promoted.map(({ fields }) => [fields['stack'], fields['promotion']])).toEqual([
      ['basalt', id],
      ['ironstone', id],
    ]);
    const audited = on.journal.filter(({ what }) => what === 'audit').map(({ where }) => where);
    const bodies = await Promise.all(audited.map((key) => ports.state.read(key)));
    const details = bodies.flatMap((reading) =>
      reading._tag === 'Found' ? [(JSON.parse(reading.body) as { details?: { promotion?: string } }).details] : [],
    );
    expect(details.filter((one) => one?.promotion === id)).toHaveLength(1);
  });

  it('L8: what is pinned already is told of by nobody', async () => {
    const on = await worldWithArtifact();
    const notifier = memoryNotifier();
    const ports = telling(on, notifier);
    await tickAndDeliver(ports);
    const request = { version: version('1.0.1'), environment: DEV, stack: O.none, splaySeconds: O.none };
    must(await promote(ports)(TESTER, request)());
    await on.clock.advanceTo(plus(NOON, HOUR_MS));
    await tickAndDeliver(ports);
    expect(notifier.taken).toHaveLength(1);
  });

  it('that a stack lacks is told of when that stack has it too', async () => {
    const on = await worldWithArtifact();
    const notifier = memoryNotifier();
    const ports = telling(on, notifier);
    on.down.add(IRONSTONE);
    const request = { version: version('1.0.1'), environment: DEV, stack: O.none, splaySeconds: O.none };
    must(await promote(ports)(TESTER, request)());
    await tickAndDeliver(ports);
    expect(told(notifier)).toEqual([]);
    on.down.delete(IRONSTONE);
    await tickAndDeliver(ports);
    expect(told(notifier)).toEqual(['dev is on 1.0.1 on basalt, ironstone']);
  });

  it('by hand is told of by whoever asked for it', async () => {
    const on = await worldWithArtifact();
    const notifier = memoryNotifier();
    const ports = telling(on, notifier);
    const request = { version: version('1.0.1'), environment: DEV, stack: O.none, splaySeconds: O.none };
    must(await promote(ports)(TESTER, request)());
    must(await deliverDue(ports));
    expect(told(notifier)).toEqual(['dev is on 1.0.1 on basalt, ironstone']);
  });

  it('L3: killed at any effect, is told of by whoever looks next, once', async () => {
    let isOver = false;
    for (let at = 0; !isOver; at++) {
      for (const when of ['before', 'after'] as const) {
        const on = await worldWithArtifact();
        const notifier = memoryNotifier();
        try {
          await tick(telling(on, notifier, { at, when }))();
          isOver = true;
        } catch (error) {
          expect(error).toBeInstanceOf(Killed);
        }
        for (let n = 0; n < 2; n++) await tickAndDeliver(telling(on, notifier));
        expect(told(notifier)).toEqual(['dev is on 1.0.1 on basalt, ironstone']);
      }
      expect(at).toBeLessThan(100);
    }
  });

  it('L4: of two Librarians one tells of it', async () => {
    const on = await worldWithArtifact();
    const notifier = memoryNotifier();
    const [one, two] = [telling(on, notifier), telling(on, notifier)];
    await Promise.all([tick(one)(), tick(two)()]);
    await Promise.all([deliverDue(one), deliverDue(two), deliverDue(one)]);
    expect(notifier.taken).toHaveLength(1);
  });
});

describe('a step that stays open', () => {
  it('is called stuck once, however many ticks there are', async () => {
    const on = await worldWithArtifact();
    const notifier = memoryNotifier();
    const ports = telling(on, notifier);
    on.down.add(IRONSTONE);
    await promoteTo(on, '1.0.1', DEV);
    for (let minutes = 10; minutes <= 12 * 60; minutes += 10) {
      await on.clock.advanceTo(plus(NOON, minutes * MINUTE_MS));
      await tickAndDeliver(ports);
      expect(told(notifier)).toHaveLength(minutes < 30 ? 0 : 1);
    }
    expect(told(notifier)).toEqual([
      'dev has been on its way to 1.0.1 since 2026-01-05T12:00:00Z and lacks it on ironstone; `signalbox explain dev` says why',
    ]);
  });
});

describe('what people do', () => {
  it('is told of, each once, with who and why', async () => {
    const on = await worldWithArtifact();
    await add(on, '1.0.2');
    await promoteTo(on, '1.0.1', DEV);
    must(await tick(on.librarian())());
    const notifier = memoryNotifier();
    const ports = telling(on, notifier);
    const hold = { id: FREEZE, scope: { _tag: 'plan' }, reason: 'holidays', owner: 'ada', expiresAt: O.none } as const;
    must(await rollback(ports)(TESTER, { environments: [DEV], to: O.none })());
    must(await addHold(ports)(TESTER, hold)());
    must(await liftHold(ports)(TESTER, FREEZE)());
    must(await reject(ports)(TESTER, version('1.0.1'))());
    must(await approve(ports)(TESTER, version('1.0.1'))());
    must(await deliverDue(ports));
    expect([...told(notifier)].sort()).toEqual(
      [
        'tester rolls back dev to 1.0.1, and rejects 1.0.2: test',
        'dev is on 1.0.1 on basalt, ironstone',
        'hold freeze: plan is held by ada until it is lifted: holidays',
        'hold freeze is lifted by tester: test',
        '1.0.1 is rejected by tester: test',
        '1.0.1 is approved by tester: test',
      ].sort(),
    );
  });

  it('is told of to nobody when it is refused', async () => {
    const notifier = memoryNotifier();
    const ports = telling(world(), notifier);
    expect(E.isLeft(await liftHold(ports)(TESTER, FREEZE)())).toBe(true);
    expect(E.isLeft(await approve(ports)(TESTER, version('1.0.1'))())).toBe(true);
    must(await deliverDue(ports));
    expect(notifier.taken).toEqual([]);
  });
});

describe('an artifact that is refused', () => {
  it('fault 70: is told of with the reason', async () => {
    const notifier = memoryNotifier();
    const ports = telling(world(), notifier);
    const inbox = memoryArtifactInbox();
    inbox.put('1.0.9.tar.gz', new TextEncoder().encode('no tarball'));
    const listing = await inbox.list();
    const item = listing._tag === 'Listed' ? listing.tarballs[0] : undefined;
    if (item === undefined) throw new Error('expected a tarball');
    expect(await takeIn(ports, inbox, item)).toMatchObject({ _tag: 'Refused' });
    must(await deliverDue(ports));
    expect(told(notifier)).toEqual([expect.stringMatching(/^artifact 1\.0\.9\.tar\.gz is refused: ./)]);
  });
});

describe('a receiver', () => {
  let receiver: Receiver | undefined;
  afterEach(() => receiver?.close());

  it('is given only the kinds of events that it is configured for', async () => {
    const on = await worldWithArtifact();
    const notifier = memoryNotifier();
    const ports = telling(on, notifier, undefined, new Set(['hold.added'] as const));
    await tickAndDeliver(ports);
    expect(notifier.taken).toEqual([]);
    expect((await outboxOf(ports)).deliveries).toEqual([]);
  });

  it('that hangs delays no promotion and no tick', async () => {
    receiver = await startReceiver();
    await receiver.become('Hangs');
    const on = await worldWithArtifact();
    const ports = telling(on, webhookNotifier({ url: receiver.url, deadlineMs: 60_000, now: on.clock.now }));
    const abort = new AbortController();
    const delivering = deliverNotices(ports, abort.signal);
    for (let hour = 1; hour <= 3; hour++) {
      await add(on, `1.1.${hour}`);
      must(await tick(ports)());
      await on.clock.advanceTo(plus(NOON, hour * HOUR_MS));
      expect(await on.pin(BASALT, DEV)).toBe(`1.1.${hour}`);
    }
    await expect.poll(() => receiver?.asked()).toBeGreaterThan(0);
    expect(receiver.taken).toEqual([]);
    abort.abort();
    await on.clock.advanceTo(plus(NOON, 4 * HOUR_MS));
    await delivering;
    const { deliveries } = await outboxOf(ports);
    expect(deliveries.map(({ notification }) => notification.type)).toContain('promotion.done');
  });

  it.each([
    ['never answers', () => new Promise<never>(() => undefined), 'no answer within 30000 ms'],
    ['throws', () => Promise.reject(new TypeError('whsec_c2VjcmV0')), 'TypeError'],
  ])('whose adapter %s has failed, and is tried again', async (_, send, detail) => {
    const on = await worldWithArtifact();
    const ports = telling(on, { send });
    must(await tick(ports)());
    const delivering = deliverDue(ports);
    await on.clock.advanceTo(plus(NOON, MINUTE_MS));
    must(await delivering);
    const failed = ports.entries.filter(({ message }) => message === 'a receiver could not be told');
    expect(failed).toMatchObject([{ level: 'warn', fields: { target: 'ops', attempts: 1, detail } }]);
    expect((await outboxOf(ports)).deliveries).toMatchObject([{ failures: 1, holder: O.none }]);
  });

  it('that was down is told when it is up again', async () => {
    const on = await worldWithArtifact();
    const notifier = memoryNotifier();
    notifier.answer({ _tag: 'Failed', detail: 'down' });
    const ports = telling(on, notifier);
    const abort = new AbortController();
    const delivering = deliverNotices(ports, abort.signal);
    must(await tick(ports)());
    await on.clock.advanceTo(plus(NOON, HOUR_MS / 2));
    expect(notifier.taken).toEqual([]);
    notifier.answer({ _tag: 'Delivered' });
    await on.clock.advanceTo(plus(NOON, 2 * HOUR_MS));
    expect(told(notifier)).toEqual(['dev is on 1.0.1 on basalt, ironstone']);
    abort.abort();
    await delivering;
  });

  it('that refuses an event is asked once', async () => {
    const on = await worldWithArtifact();
    const notifier = memoryNotifier();
    notifier.answer({ _tag: 'Refused', detail: 'gone' });
    const ports = telling(on, notifier);
    await tickAndDeliver(ports);
    expect((await outboxOf(ports)).deliveries).toEqual([]);
    expect(ports.entries).toContainEqual(expect.objectContaining({ message: 'a receiver refuses an event' }));
  });

  it('is told at once by the service, and within half a minute of what others have put into the outbox', async () => {
    const on = await worldWithArtifact();
    const notifier = memoryNotifier();
    const ports = telling(on, notifier);
    const abort = new AbortController();
    const delivering = deliverNotices(ports, abort.signal);
    must(await tick(ports)());
    await on.clock.advanceTo(NOON);
    expect(notifier.taken).toHaveLength(1);
    const other = telling(on, notifier);
    must(await reject(other)(TESTER, version('1.0.1'))());
    await on.clock.advanceTo(plus(NOON, LOOK_EVERY_MS));
    expect(notifier.taken).toHaveLength(2);
    abort.abort();
    await delivering;
  });

  it('has so much time of a command, and no more', async () => {
    const on = await worldWithArtifact();
    const ports = telling(on, { send: () => new Promise<never>(() => undefined) });
    must(await tick(ports)());
    const brief = deliverBriefly(ports, MINUTE_MS / 4);
    await on.clock.advanceTo(plus(NOON, MINUTE_MS / 4));
    await brief;
    expect((await outboxOf(ports)).deliveries).toHaveLength(1);
  });
});

describe('an outbox', () => {
  it('fault 72: that is damaged stays as it is, is complained of once, and fails no tick', async () => {
    const on = await worldWithArtifact();
    const notifier = memoryNotifier();
    const ports = telling(on, notifier);
    const { key } = outboxForm(ports);
    await ports.state.write(key, '{}', undefined);
    const abort = new AbortController();
    const delivering = deliverNotices(ports, abort.signal);
    must(await tick(ports)());
    expect(await on.pin(BASALT, DEV)).toBe('1.0.1');
    await on.clock.advanceTo(plus(NOON, HOUR_MS));
    abort.abort();
    await delivering;
    expect(await ports.state.read(key)).toMatchObject({ body: '{}' });
    const messages = ports.entries.filter(({ level }) => level === 'error').map(({ message }) => message);
    expect(messages).toContain('nobody can be told');
    expect(messages.filter((message) => message === 'the outbox cannot be emptied')).toHaveLength(1);
  });

  it('that cannot be written fails no tick', async () => {
    const on = await worldWithArtifact();
    const ports = telling(on, memoryNotifier());
    on.unwritable.push(/^notices\//);
    must(await tick(ports)());
    expect(await on.pin(IRONSTONE, DEV)).toBe('1.0.1');
  });
});
