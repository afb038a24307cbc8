/**
 * The outbox: events that receivers have yet to be given, and the ids of those that were told already. All Librarians of a
 * plan share it, so an event that several of them see is sent once, as a rule; a Librarian that dies between a delivery and
 * its record leaves it to be sent again, under the same id.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { type Backoff, backoffMs } from './backoff.ts';
import { boundedInteger, boundedText, decodeJsonWith, type FieldError } from './decoding.ts';
import { InstantField, mapField, optionField, presentField } from './json-fields.ts';
import { Slug } from './names.ts';
import { type Notification, NotificationField, type NoticeType } from './notification.ts';
import { DAY_MS, type EpochMs, HOUR_MS, later, MINUTE_MS, plus, SECOND_MS } from './time.ts';

/** One event on its way to one receiver. */
export interface Delivery {
  readonly notification: Notification;
  /** The receiver's name in the configuration. */
  readonly target: Slug;
  /** Attempts that failed. */
  readonly failures: number;
  /** When it is tried next; while somebody tries it, when that one is given up. */
  readonly dueAt: EpochMs;
  /** Who tries it. */
  readonly holder: O.Option<string>;
}

/** What the Librarians share of notifications. */
export interface Outbox {
  /** The oldest first. */
  readonly deliveries: readonly Delivery[];
  /** Id → when it was last told of: whatever is told of again is known by it. */
  readonly told: ReadonlyMap<string, EpochMs>;
}

/** An outbox of nothing. */
export const EMPTY_OUTBOX: Outbox = { deliveries: [], told: new Map() };

/** Beyond so many deliveries the oldest are given up: receivers that are down must not fill the store. */
export const DELIVERIES_MAX = 200;
/** An event that nobody took in for so long is given up, in milliseconds: nobody acts on it any more. */
export const DELIVERY_AGE_MS_MAX = DAY_MS;
/** So many ids are remembered, those that were told of last. */
export const TOLD_MAX = 1_000;
/** An id that is told of again and again is noted again at this pace, in milliseconds, and so is never forgotten. */
const TOLD_AGAIN_MS = HOUR_MS;
/** How long a holder is believed to be at it, in milliseconds: far longer than a delivery may take. */
export const CLAIM_MS = MINUTE_MS;
/** So many deliveries are tried at once. */
export const CLAIMS_MAX = 16;

const BACKOFF: Backoff = { baseMs: 10 * SECOND_MS, capMs: HOUR_MS };

/** No wait is longer, in milliseconds; one that is was computed by another clock. */
const WAIT_MS_MAX = HOUR_MS;

/** A receiver, as far as the outbox knows it. */
export interface Receiver {
  readonly name: Slug;
  /** Whether it is given events of this kind. */
  readonly takes: (type: NoticeType) => boolean;
}

/** What a receiver said to a delivery. */
export type DeliveryEnd =
  | { readonly _tag: 'Delivered' }
  /** It will not take it, however often it is asked. */
  | { readonly _tag: 'Refused' }
  | {
      readonly _tag: 'Failed';
      /** How long the receiver asked to be left alone, in milliseconds; 0: it did not say. */
      readonly retryAfterMs: number;
    };

const latest = (told: ReadonlyMap<string, EpochMs>): ReadonlyMap<string, EpochMs> =>
  told.size <= TOLD_MAX ? told : new Map([...told].sort(([, a], [, b]) => b - a).slice(0, TOLD_MAX));

/** Puts in what is not known yet, for every receiver that takes it; the very same outbox where all of it is known. */
export const enqueue = (
  outbox: Outbox,
  notifications: readonly Notification[],
  receivers: readonly Receiver[],
  now: EpochMs,
): Outbox => {
  const told = new Map(outbox.told);
  const added: Delivery[] = [];
  let isChanged = false;
  for (const notification of notifications) {
    const at = told.get(notification.id);
    if (at !== undefined && now < plus(at, TOLD_AGAIN_MS)) continue;
    isChanged = true;
    told.set(notification.id, now);
    if (at !== undefined) continue;
    for (const { name, takes } of receivers) {
      if (takes(notification.type)) {
        added.push({ notification, target: name, failures: 0, dueAt: now, holder: O.none });
      }
    }
  }
  if (!isChanged) return outbox;
  return { deliveries: [...outbox.deliveries, ...added].slice(-DELIVERIES_MAX), told: latest(told) };
};

const isTooOld =
  (now: EpochMs) =>
  ({ notification: { at } }: Delivery): boolean =>
    now >= plus(at, DELIVERY_AGE_MS_MAX);

const isDue =
  (now: EpochMs) =>
  ({ dueAt }: Delivery): boolean =>
    dueAt <= now || dueAt > plus(now, WAIT_MS_MAX);

/**
 * Takes in hand what is due for the receivers `names`, the oldest first and at most {@link CLAIMS_MAX} at once; what is too
 * old is given up. The very same outbox where there is neither.
 */
export const claim = (outbox: Outbox, names: ReadonlySet<Slug>, holder: string, now: EpochMs): Outbox => {
  const kept = outbox.deliveries.filter((delivery) => !isTooOld(now)(delivery));
  let claims = 0;
  const deliveries = kept.map((delivery): Delivery => {
    if (claims === CLAIMS_MAX || !names.has(delivery.target) || !isDue(now)(delivery)) return delivery;
    claims++;
    return { ...delivery, holder: O.some(holder), dueAt: plus(now, CLAIM_MS) };
  });
  return claims === 0 && kept.length === outbox.deliveries.length ? outbox : { ...outbox, deliveries };
};

/** What `holder` has in hand. */
export const claimedBy = ({ deliveries }: Outbox, holder: string): readonly Delivery[] =>
  deliveries.filter((delivery) => O.isSome(delivery.holder) && delivery.holder.value === holder);

/** Names one delivery. */
export const deliveryKey = ({ notification, target }: Delivery): string => `${target} ${notification.id}`;

const afterFailure = (delivery: Delivery, retryAfterMs: number, now: EpochMs): Delivery => {
  const failures = delivery.failures + 1;
  const waitMs = Math.max(backoffMs(BACKOFF, deliveryKey(delivery), failures), Math.min(retryAfterMs, WAIT_MS_MAX));
  return { ...delivery, failures, holder: O.none, dueAt: plus(now, waitMs) };
};

/**
 * Notes how what `holder` had in hand ended, by {@link deliveryKey}. What somebody else has taken in hand since is left to
 * that one, unless it was delivered.
 */
export const conclude = (
  outbox: Outbox,
  holder: string,
  ends: ReadonlyMap<string, DeliveryEnd>,
  now: EpochMs,
): Outbox => ({
  ...outbox,
  deliveries: outbox.deliveries.flatMap((delivery): readonly Delivery[] => {
    const end = ends.get(deliveryKey(delivery));
    if (end === undefined) return [delivery];
    if (end._tag !== 'Failed') return [];
    const isMine = O.isSome(delivery.holder) && delivery.holder.value === holder;
    return [isMine ? afterFailure(delivery, end.retryAfterMs, now) : delivery];
  }),
});

/** When the next delivery to one of `names` is due; none: there is none. */
export const nextDelivery = ({ deliveries }: Outbox, names: ReadonlySet<Slug>, now: EpochMs): O.Option<EpochMs> => {
  const due = deliveries.filter(({ target }) => names.has(target)).map(({ dueAt }) => later(now, dueAt));
  return due.length === 0 ? O.none : O.some(due.reduce((first, at) => (at < first ? at : first)));
};

const DeliveryField = t.type(
  {
    notification: NotificationField,
    target: Slug,
    failures: boundedInteger('failures', 0, Number.MAX_SAFE_INTEGER),
    dueAt: InstantField,
    holder: optionField(boundedText('holder', 128)),
  },
  'delivery',
);

const Document = t.type(
  {
    schema: t.literal(1),
    deliveries: t.readonlyArray(DeliveryField, 'a list of deliveries'),
    told: presentField(mapField(t.string, InstantField)),
  },
  'outbox',
);

const decodeDocument = decodeJsonWith(Document);

/** Reads the document; a damaged one is refused. */
export const decodeOutbox = (text: string): E.Either<readonly FieldError[], Outbox> =>
  E.map(({ deliveries, told }: t.TypeOf<typeof Document>): Outbox => ({ deliveries, told }))(decodeDocument(text));

/** Writes the document. */
export const encodeOutbox = ({ deliveries, told }: Outbox): string =>
  `${JSON.stringify(Document.encode({ schema: 1, deliveries, told }))}\n`;
