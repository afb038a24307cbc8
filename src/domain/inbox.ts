/**
 * What to do next about an inbox: which tarball to take in, which upload to try, when to think again. A pure function of
 * what lies there, what is recorded, what is under way and the time.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { INBOX_BACKOFF, INBOX_LEASE_MS, type InboxOutcome, type InboxRecord } from './inbox-record.ts';
import type { StackName, Version } from './names.ts';
import { earlier, type EpochMs, plus } from './time.ts';

/** One tarball that lies in an inbox. */
export interface InboxItem {
  readonly name: string;
  /** Names these bytes; others have another one. */
  readonly revision: string;
  /** Whether it may still be being written: then it is taken only when two looks have shown the same revision. */
  readonly mayGrow: boolean;
}

/** One thing to do. */
export type InboxStep =
  | { readonly _tag: 'Take'; readonly item: InboxItem }
  | { readonly _tag: 'Upload'; readonly version: Version; readonly stack: StackName };

/** All that is known. */
export interface InboxView {
  /** What lies there now, in the order in which it is to be seen to. */
  readonly items: readonly InboxItem[];
  /** Name → revision at the look before. */
  readonly before: ReadonlyMap<string, string>;
  readonly record: InboxRecord;
  /** Names this Librarian in claims. */
  readonly me: string;
  /** Whether this Librarian is taking a tarball in: one at a time, so that disk and memory are those of one. */
  readonly isTaking: boolean;
  /** The stacks to which this Librarian is uploading: one artifact at a time to each. */
  readonly busy: ReadonlySet<StackName>;
  readonly now: EpochMs;
}

/** What to do, and when to ask again though nothing has happened. */
export interface InboxDecision {
  readonly steps: readonly InboxStep[];
  readonly wakeAt: O.Option<EpochMs>;
}

/** A wait that is longer than any was computed by another clock, and is over. */
const isOver = (until: EpochMs, now: EpochMs, waitMsMax: number): boolean =>
  until <= now || until > plus(now, waitMsMax);

/** When a tarball is to be taken in; nothing: never, unless it changes. */
const dueAt = (outcome: InboxOutcome, { me, isTaking, now }: InboxView): EpochMs | undefined => {
  switch (outcome._tag) {
    case 'Taken':
    case 'Refused':
      return undefined;
    case 'Claimed':
      // A claim of our own that we are not at work on is one whose end could not be written down.
      return (outcome.holder === me && !isTaking) || isOver(outcome.until, now, INBOX_LEASE_MS) ? now : outcome.until;
    case 'Failing':
      return isOver(outcome.retryAt, now, INBOX_BACKOFF.capMs) ? now : outcome.retryAt;
  }
};

/** Decides what to do next. Nothing that fails, and nobody who is slow, keeps the others waiting. */
export const decideInbox = (view: InboxView): InboxDecision => {
  const { items, before, record, me, now } = view;
  const steps: InboxStep[] = [];
  let wakeAt: EpochMs | undefined;
  const wake = (at: EpochMs): void => {
    wakeAt = wakeAt === undefined ? at : earlier(wakeAt, at);
  };

  let isTaking = view.isTaking;
  for (const item of items) {
    if (item.mayGrow && before.get(item.name) !== item.revision) continue;
    const entry = record.entries.get(item.name);
    const due = entry?.revision === item.revision ? dueAt(entry.outcome, view) : now;
    if (due === undefined) continue;
    if (due > now) wake(due);
    else if (!isTaking) {
      steps.push({ _tag: 'Take', item });
      isTaking = true;
    }
  }

  const busy = new Set(view.busy);
  for (const [version, { holder, until, stacks }] of record.uploads) {
    if (holder !== me && !isOver(until, now, INBOX_LEASE_MS)) {
      wake(until);
      continue;
    }
    for (const [stack, { retryAt }] of stacks) {
      if (!isOver(retryAt, now, INBOX_BACKOFF.capMs)) wake(retryAt);
      else if (!busy.has(stack)) {
        steps.push({ _tag: 'Upload', version, stack });
        busy.add(stack);
      }
    }
  }
  return { steps, wakeAt: O.fromNullable(wakeAt) };
};
