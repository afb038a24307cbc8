/**
 * Emptying the outbox: what is due is taken in hand by compare-and-swap, so that of several Librarians one sends it, and
 * what fails is tried again later and later.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { claim, claimedBy, conclude, type Delivery, deliveryKey, nextDelivery } from '../../domain/outbox.ts';
import { earlier, type EpochMs, plus, SECOND_MS } from '../../domain/time.ts';
import type { Delivered } from '../../ports/notifier.ts';
import { type Failure, formatFailure } from '../failure.ts';
import { changeDocument } from './change-document.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import type { NoticeTarget } from './notice-settings.ts';
import { outboxForm } from './notices.ts';

/** How often the outbox is looked into for what other Librarians have put there, in milliseconds. */
export const LOOK_EVERY_MS = 30 * SECOND_MS;

/** A receiver that has not answered by then has failed, whatever its adapter makes of it; in milliseconds. */
const SEND_MS_MAX = 30 * SECOND_MS;

type DeliverPorts = Pick<LibrarianPorts, 'plan' | 'state' | 'clock' | 'log' | 'notices' | 'metrics'>;

/** One attempt, which ends in time and never rejects, whatever the adapter does. */
const attempt = async (
  { clock }: DeliverPorts,
  { notifier }: NoticeTarget,
  { notification }: Delivery,
): Promise<Delivered> => {
  const done = new AbortController();
  const late = async (): Promise<Delivered> => {
    await clock.sleepUntil(plus(clock.now(), SEND_MS_MAX), done.signal);
    return { _tag: 'Failed', detail: `no answer within ${SEND_MS_MAX} ms` };
  };
  try {
    return await Promise.race([notifier.send(notification), late()]);
  } catch (defect) {
    return { _tag: 'Failed', detail: defect instanceof Error ? defect.name : 'a defect' };
  } finally {
    done.abort();
  }
};

const deliver = async (ports: DeliverPorts, target: NoticeTarget, delivery: Delivery) => {
  const end = await attempt(ports, target, delivery);
  const { notification, failures } = delivery;
  ports.metrics?.delivered(target.name, end._tag);
  const fields = { event: notification.id, target: target.name };
  if (end._tag === 'Delivered') ports.log('info', 'told', fields);
  else {
    const message = end._tag === 'Refused' ? 'a receiver refuses an event' : 'a receiver could not be told';
    ports.log('warn', message, { ...fields, attempts: failures + 1, detail: end.detail });
  }
  return [
    deliveryKey(delivery),
    end._tag === 'Failed' ? { _tag: end._tag, retryAfterMs: end.retryAfterMs ?? 0 } : { _tag: end._tag },
  ] as const;
};

/** Delivers what is due, once; answers when the next delivery is, none: nothing waits. */
export const deliverDue = async (ports: DeliverPorts): Promise<E.Either<Failure, O.Option<EpochMs>>> => {
  const { notices, state, clock } = ports;
  if (notices === undefined || notices.targets.length === 0) return E.right(O.none);
  const { targets } = notices;
  // One for each time: what an earlier one could not conclude is not this one's before its claim is over.
  const holder = randomUUID();
  const names = new Set(targets.map(({ name }) => name));
  const form = outboxForm(ports);
  const claimed = await changeDocument(state)(form, (outbox) => {
    const value = claim(outbox, names, holder, clock.now());
    return { value, result: value };
  })();
  if (E.isLeft(claimed)) return claimed;
  const outbox = claimed.right;
  ports.metrics?.outbox(outbox.deliveries.length);
  const mine = claimedBy(outbox, holder);
  if (mine.length === 0) return E.right(nextDelivery(outbox, names, clock.now()));
  const sent = mine.flatMap((delivery) => {
    const target = targets.find(({ name }) => name === delivery.target);
    return target === undefined ? [] : [deliver(ports, target, delivery)];
  });
  const ends = new Map(await Promise.all(sent));
  return changeDocument(state)(form, (before) => {
    const value = conclude(before, holder, ends, clock.now());
    ports.metrics?.outbox(value.deliveries.length);
    return { value, result: nextDelivery(value, names, clock.now()) };
  })();
};

/** Delivers until `abort`; what is being sent then is waited for. Never rejects. */
export const deliverNotices = async (ports: DeliverPorts, abort: AbortSignal): Promise<void> => {
  const { notices, clock } = ports;
  if (notices === undefined || notices.targets.length === 0) return;
  let told: string | undefined;
  while (!abort.aborted) {
    const rung = notices.rung();
    const done = await deliverDue(ports);
    const detail = E.isLeft(done) ? formatFailure(done.left) : undefined;
    if (detail !== undefined && detail !== told) ports.log('error', 'the outbox cannot be emptied', { detail });
    told = detail;
    const lookAt = plus(clock.now(), LOOK_EVERY_MS);
    const until = E.isRight(done) && O.isSome(done.right) ? earlier(done.right.value, lookAt) : lookAt;
    await clock.sleepUntil(until, AbortSignal.any([abort, rung]));
  }
};

/**
 * Gives receivers `withinMs` to take what is due: for a command, which ends then. What they did not take waits in the
 * outbox for the next command, or for the service.
 */
export const deliverBriefly = async (ports: DeliverPorts, withinMs: number): Promise<void> => {
  const done = new AbortController();
  const over = ports.clock.sleepUntil(plus(ports.clock.now(), withinMs), done.signal);
  await Promise.race([deliverDue(ports), over]);
  done.abort();
};
