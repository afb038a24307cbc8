import assert from 'node:assert/strict';
import * as O from 'fp-ts/lib/Option.js';
import { EnvironmentName, nameFromLiteral, NodeName, Slug, StackName, Version, ZoneId } from '../../domain/names.ts';
import { NOTICE_TYPES, type Notice, type Notification, notificationOf } from '../../domain/notification.ts';
import { epochMs } from '../../domain/time.ts';
import type { Notifier } from '../../ports/notifier.ts';
import { assertTag, casesOf, type ContractCase, type Harness, type Law, withoutHook } from './contract-case.ts';

/**
 * How a receiver behaves: it takes events, refuses them for good, or has trouble; it says nothing at all, answers without
 * an end, is not there, or sends the sender elsewhere.
 */
export type ReceiverMood = 'Takes' | 'Refuses' | 'Fails' | 'Hangs' | 'Endless' | 'Gone' | 'Redirects';

/** A receiver of events to try. */
export interface NotifierHarness extends Harness {
  readonly notifier: Notifier;
  /** The ids of the events that the receiver took, in order. */
  readonly taken: () => readonly string[];
  /** Changes what the receiver does; answers false where this one cannot. */
  readonly become: (mood: ReceiverMood) => Promise<boolean>;
}

const environment = nameFromLiteral(EnvironmentName)('prod-1');
const version = nameFromLiteral(Version)('1.0.1');
const stack = nameFromLiteral(StackName)('basalt');
const by = 'Anna <anna@example.com> & friends';
const reason = 'disks fill up <!channel> "quoted" \u00e9\u{1f6a6}';
const promotion = 'prod-1/1.0.1/2026-01-05T12:30:00Z';

/** One event of each kind, with free text that a receiver might take for something else. */
export const EXAMPLE_NOTICES: readonly Notice[] = [
  { type: 'promotion.done', data: { promotion, environment, version, stacks: [stack] } },
  {
    type: 'promotion.stuck',
    data: { promotion, environment, version, since: epochMs(1_767_616_200_000), missing: [stack] },
  },
  {
    type: 'promotion.rolled_back',
    data: { promotions: [{ environment, version }], rejected: [nameFromLiteral(Version)('1.0.2')], by, reason },
  },
  {
    type: 'hold.added',
    data: {
      hold: nameFromLiteral(Slug)('freeze'),
      scope: { _tag: 'environment', environment },
      owner: by,
      by,
      reason,
      until: O.some(epochMs(1_767_700_000_000)),
    },
  },
  { type: 'hold.lifted', data: { hold: nameFromLiteral(Slug)('freeze'), by, reason } },
  { type: 'version.rejected', data: { version, by, reason } },
  { type: 'version.approved', data: { version, by, reason } },
  { type: 'artifact.refused', data: { name: '1.0.1.tar.gz', reason } },
  {
    type: 'fallback.fired',
    data: { node: nameFromLiteral(NodeName)('web-17.example.com'), outcome: 'Succeeded', reason: 'Overdue' },
  },
  {
    type: 'bootstrap.done',
    data: {
      node: nameFromLiteral(NodeName)('web-17.example.com'),
      stack,
      environment,
      zone: nameFromLiteral(ZoneId)('use1-az4'),
      outcome: 'Reassigned',
      reason: O.some(reason),
    },
  },
  { type: 'bootstrap.failed', data: { reason } },
];

const AT = epochMs(1_767_616_300_000);

const exampleOf = (notice: Notice): Notification => notificationOf('web', notice, 'example', AT);

const EXAMPLES: readonly Notification[] = EXAMPLE_NOTICES.map(exampleOf);

const EXAMPLE: Notification = exampleOf({
  type: 'promotion.done',
  data: { promotion, environment, version, stacks: [stack] },
});

/** A send that takes longer than the port allows fails here. */
const SEND_MS_MAX = 30_000;

const sendInTime = async ({ notifier }: NotifierHarness): Promise<ReturnType<Notifier['send']>> => {
  const begun = performance.now();
  const delivered = await notifier.send(EXAMPLE);
  assert.ok(performance.now() - begun < SEND_MS_MAX, 'expected an end within half a minute');
  return delivered;
};

const whileReceiver =
  (mood: ReceiverMood, ...tags: readonly ('Failed' | 'Refused')[]): Law<NotifierHarness> =>
  async (harness) => {
    if (!(await harness.become(mood))) return withoutHook(`mood ${mood}`);
    const failed = assertTag(await sendInTime(harness), ...tags);
    assert.notEqual(failed.detail, '');
    assert.deepEqual(harness.taken(), []);
    assert.ok(await harness.become('Takes'));
    assertTag(await sendInTime(harness), 'Delivered');
    assert.deepEqual(harness.taken(), [EXAMPLE.id]);
    return undefined;
  };

const LAWS: Readonly<Record<string, Law<NotifierHarness>>> = {
  'an event of each kind is delivered': async ({ notifier, taken }) => {
    assert.deepEqual(
      EXAMPLES.map(({ type }) => type),
      NOTICE_TYPES,
    );
    for (const example of EXAMPLES) assertTag(await notifier.send(example), 'Delivered');
    assert.deepEqual(
      taken(),
      EXAMPLES.map(({ id }) => id),
    );
    return undefined;
  },
  'an event that is sent again has the same id': async ({ notifier, taken }) => {
    for (let n = 0; n < 2; n++) assertTag(await notifier.send(EXAMPLE), 'Delivered');
    assert.deepEqual(taken(), [EXAMPLE.id, EXAMPLE.id]);
    return undefined;
  },
  'events may be sent side by side': async ({ notifier, taken }) => {
    const sent = await Promise.all(EXAMPLES.map((example) => notifier.send(example)));
    for (const one of sent) assertTag(one, 'Delivered');
    assert.deepEqual([...taken()].sort(), EXAMPLES.map(({ id }) => id).sort());
    return undefined;
  },
  'a receiver that refuses an event has refused it': whileReceiver('Refuses', 'Refused'),
  'a receiver in trouble has failed, and is asked again later': whileReceiver('Fails', 'Failed'),
  'fault 6: a receiver that says nothing has failed in time': whileReceiver('Hangs', 'Failed'),
  'a receiver that is not there has failed': whileReceiver('Gone', 'Failed'),
  'an event goes nowhere else than where it is configured to go': whileReceiver('Redirects', 'Failed'),
  'fault 8: a receiver that goes on and on is not listened to': whileReceiver('Endless', 'Failed'),
};

/**
 * The contract of {@link Notifier}.
 *
 * @param setUp - makes a receiver that has been given nothing, and takes everything; called once for each case.
 */
export const notifierContract = (setUp: () => Promise<NotifierHarness>): readonly ContractCase[] =>
  casesOf(setUp, LAWS);
