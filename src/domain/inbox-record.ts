/**
 * The record of an inbox: what became of each tarball that was seen there, and which stacks still lack what was taken in.
 * All Librarians of a plan share it by compare-and-swap, so that each tarball is taken in by one of them (law L4).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { type Backoff, backoffMs } from './backoff.ts';
import { boundedInteger, boundedText, decodeJsonWith, type FieldError, refinedText } from './decoding.ts';
import { InstantField, mapField, presentField } from './json-fields.ts';
import { StackName, Version } from './names.ts';
import { type EpochMs, MINUTE_MS, plus } from './time.ts';

/** What became of one revision of a tarball. */
export type InboxOutcome =
  /** `holder` is at work on it, after `failures` in a row; past `until` it is taken for dead. */
  | { readonly _tag: 'Claimed'; readonly holder: string; readonly until: EpochMs; readonly failures: number }
  /** It could not be read or stored `failures` times in a row, and is tried again at `retryAt`. */
  | { readonly _tag: 'Failing'; readonly failures: number; readonly retryAt: EpochMs }
  | { readonly _tag: 'Taken'; readonly version: Version }
  /** It is no artifact, or a hostile one, or other bytes under a known version: not looked at again until it changes. */
  | { readonly _tag: 'Refused'; readonly reason: string };

/** One tarball that was seen. */
export interface InboxEntry {
  readonly revision: string;
  readonly outcome: InboxOutcome;
}

/** An upload that is still owed to a stack. */
export interface OwedUpload {
  readonly failures: number;
  readonly retryAt: EpochMs;
}

/** The uploads of one artifact. */
export interface OwedUploads {
  /** Who sees to them, until when. */
  readonly holder: string;
  readonly until: EpochMs;
  readonly stacks: ReadonlyMap<StackName, OwedUpload>;
}

/** What the Librarians of a plan know of their inbox. */
export interface InboxRecord {
  /** By the tarball's name. */
  readonly entries: ReadonlyMap<string, InboxEntry>;
  readonly uploads: ReadonlyMap<Version, OwedUploads>;
}

/** The record of an inbox that nobody has looked into. */
export const EMPTY_INBOX_RECORD: InboxRecord = { entries: new Map(), uploads: new Map() };

/**
 * How long a Librarian that says nothing is believed to be at work, in milliseconds. What takes longer may be done by two at
 * once, which is slower and harmless.
 */
export const INBOX_LEASE_MS = 10 * MINUTE_MS;

/** How what fails in an inbox is tried again. */
export const INBOX_BACKOFF: Backoff = { baseMs: 10_000, capMs: 10 * MINUTE_MS };

/** The most tarballs that are looked after at once; a larger inbox is seen to in the order of its names. */
export const INBOX_ENTRIES_MAX = 1_000;

const withEntry = (record: InboxRecord, name: string, entry: InboxEntry): InboxRecord => ({
  ...record,
  entries: new Map([...record.entries, [name, entry]]),
});

/** One revision of one tarball. */
export interface SeenTarball {
  readonly name: string;
  readonly revision: string;
}

/** The failures in a row of a tarball so far. */
const failuresOf = ({ entries }: InboxRecord, { name, revision }: SeenTarball): number => {
  const entry = entries.get(name);
  return entry?.revision === revision && 'failures' in entry.outcome ? entry.outcome.failures : 0;
};

/** Says that `holder` is at work on a tarball. The caller has found that nobody else is. */
export const claimEntry = (record: InboxRecord, seen: SeenTarball, holder: string, now: EpochMs): InboxRecord => {
  const until = plus(now, INBOX_LEASE_MS);
  const outcome: InboxOutcome = { _tag: 'Claimed', holder, until, failures: failuresOf(record, seen) };
  return withEntry(record, seen.name, { revision: seen.revision, outcome });
};

/** How an attempt to take a tarball in ended. */
export type TakingEnd =
  | { readonly _tag: 'Taken'; readonly version: Version; readonly stacks: readonly StackName[] }
  | { readonly _tag: 'Refused'; readonly reason: string }
  | { readonly _tag: 'Failed' };

/** Longer reasons are cut: the audit trail has them whole. */
const REASON_LENGTH_MAX = 500;

/** A reason on one line, as long as the record keeps it. */
const reasonText = (reason: string): string =>
  // eslint-disable-next-line no-control-regex -- control characters are what is taken out
  reason.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, REASON_LENGTH_MAX);

const outcomeOf = (record: InboxRecord, seen: SeenTarball, end: TakingEnd, now: EpochMs): InboxOutcome => {
  switch (end._tag) {
    case 'Taken':
      return { _tag: 'Taken', version: end.version };
    case 'Refused':
      return { _tag: 'Refused', reason: reasonText(end.reason) };
    case 'Failed': {
      const failures = failuresOf(record, seen) + 1;
      return { _tag: 'Failing', failures, retryAt: plus(now, backoffMs(INBOX_BACKOFF, seen.name, failures)) };
    }
  }
};

/** Says how `holder`'s attempt ended. What was taken in is owed to every one of its stacks. */
export const concludeTaking = (
  record: InboxRecord,
  seen: SeenTarball,
  end: TakingEnd,
  holder: string,
  now: EpochMs,
): InboxRecord => {
  const concluded = withEntry(record, seen.name, {
    revision: seen.revision,
    outcome: outcomeOf(record, seen, end, now),
  });
  if (end._tag !== 'Taken') return concluded;
  const owed: OwedUploads = {
    holder,
    until: plus(now, INBOX_LEASE_MS),
    stacks: new Map(end.stacks.map((stack) => [stack, { failures: 0, retryAt: now }])),
  };
  return { ...concluded, uploads: new Map([...record.uploads, [end.version, owed]]) };
};

/** Says that `holder` sees to the uploads of an artifact; the same record when none are owed. */
export const claimUploads = (record: InboxRecord, version: Version, holder: string, now: EpochMs): InboxRecord => {
  const owed = record.uploads.get(version);
  if (owed === undefined) return record;
  const claimed = { ...owed, holder, until: plus(now, INBOX_LEASE_MS) };
  return { ...record, uploads: new Map([...record.uploads, [version, claimed]]) };
};

/** Says how an upload ended; the same record when it was not owed. What a stack has is owed no more. */
export const concludeUpload = (
  record: InboxRecord,
  version: Version,
  stack: StackName,
  isComplete: boolean,
  now: EpochMs,
): InboxRecord => {
  const owed = record.uploads.get(version);
  const before = owed?.stacks.get(stack);
  if (owed === undefined || before === undefined) return record;
  const failures = before.failures + 1;
  const retryAt = plus(now, backoffMs(INBOX_BACKOFF, `${version} ${stack}`, failures));
  const others = [...owed.stacks].filter(([name]) => name !== stack);
  const stacks = new Map(isComplete ? others : [...others, [stack, { failures, retryAt }] as const]);
  const uploads = new Map(record.uploads);
  if (stacks.size === 0) uploads.delete(version);
  else uploads.set(version, { ...owed, until: plus(now, INBOX_LEASE_MS), stacks });
  return { ...record, uploads };
};

/** Forgets tarballs that are gone and stacks that the plan has no more; the same record when there are none. */
export const forgetGone = (
  record: InboxRecord,
  names: ReadonlySet<string>,
  stacks: readonly StackName[],
): InboxRecord => {
  const entries = [...record.entries].filter(([name]) => names.has(name));
  const isOwed = ([stack]: readonly [StackName, OwedUpload]): boolean => stacks.includes(stack);
  const allOwed = [...record.uploads.values()].every((owed) => [...owed.stacks].every(isOwed));
  if (entries.length === record.entries.size && allOwed) return record;
  const uploads = [...record.uploads].flatMap(([version, owed]) => {
    const left = new Map([...owed.stacks].filter(isOwed));
    return left.size === 0 ? [] : [[version, { ...owed, stacks: left }] as const];
  });
  return { entries: new Map(entries), uploads: new Map(uploads) };
};

const Name = refinedText<string>(
  'name',
  'a name of 1 to 1024 characters',
  ({ length }) => length > 0 && length <= 1_024,
);
const Failures = boundedInteger('failures', 0, Number.MAX_SAFE_INTEGER);
const Holder = boundedText('holder', 128);

const OutcomeJson: t.Type<InboxOutcome, object> = t.union(
  [
    t.type({ _tag: t.literal('Claimed'), holder: Holder, until: InstantField, failures: Failures }),
    t.type({ _tag: t.literal('Failing'), failures: Failures, retryAt: InstantField }),
    t.type({ _tag: t.literal('Taken'), version: Version }),
    t.type({ _tag: t.literal('Refused'), reason: boundedText('reason', REASON_LENGTH_MAX) }),
  ],
  'an outcome: Claimed, Failing, Taken or Refused',
);

const Document = t.type(
  {
    schema: t.literal(1),
    entries: presentField(
      mapField(Name, t.type({ revision: boundedText('revision', 1_024), outcome: OutcomeJson }, 'entry')),
    ),
    uploads: presentField(
      mapField(
        Version,
        t.type(
          {
            holder: Holder,
            until: InstantField,
            stacks: presentField(mapField(StackName, t.type({ failures: Failures, retryAt: InstantField }, 'upload'))),
          },
          'uploads',
        ),
      ),
    ),
  },
  'inbox record',
);

const decodeDocument = decodeJsonWith(Document);

/** Reads the document; one that is damaged is refused, and never overwritten (fault 72). */
export const decodeInboxRecord = (text: string): E.Either<readonly FieldError[], InboxRecord> =>
  E.map(({ entries, uploads }: t.TypeOf<typeof Document>): InboxRecord => ({ entries, uploads }))(decodeDocument(text));

/** Writes the document. */
export const encodeInboxRecord = ({ entries, uploads }: InboxRecord): string =>
  `${JSON.stringify(Document.encode({ schema: 1, entries, uploads }), null, 1)}\n`;
