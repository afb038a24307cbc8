import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideInbox, type InboxItem, type InboxStep, type InboxView } from '../../src/domain/inbox.ts';
import {
  claimEntry,
  claimUploads,
  concludeTaking,
  concludeUpload,
  decodeInboxRecord,
  EMPTY_INBOX_RECORD,
  encodeInboxRecord,
  forgetGone,
  INBOX_BACKOFF,
  INBOX_LEASE_MS,
  type InboxRecord,
} from '../../src/domain/inbox-record.ts';
import type { StackName } from '../../src/domain/names.ts';
import { epochMs, type EpochMs, plus } from '../../src/domain/time.ts';
import { property } from '../support/property.ts';
import { stackName, version } from '../support/slack.ts';

const NOW = epochMs(1_767_614_400_000);
const STACKS = ['basalt', 'ironstone'].map(stackName);
const [BASALT = stackName('basalt'), IRONSTONE = stackName('ironstone')] = STACKS;
const ITEM: InboxItem = { name: 'a.tar.gz', revision: '1', mayGrow: false };
const V1 = version('1.0.1');

const viewOf = (fields: Partial<InboxView>): InboxView => ({
  items: [ITEM],
  before: new Map(),
  record: EMPTY_INBOX_RECORD,
  me: 'me',
  isTaking: false,
  busy: new Set(),
  now: NOW,
  ...fields,
});

const stepsOf = (fields: Partial<InboxView>): readonly InboxStep[] => decideInbox(viewOf(fields)).steps;

const TAKE: readonly InboxStep[] = [{ _tag: 'Take', item: ITEM }];

const taken = concludeTaking(EMPTY_INBOX_RECORD, ITEM, { _tag: 'Taken', version: V1, stacks: STACKS }, 'me', NOW);
const refused = concludeTaking(EMPTY_INBOX_RECORD, ITEM, { _tag: 'Refused', reason: 'a\nbomb' }, 'me', NOW);
const failed = concludeTaking(EMPTY_INBOX_RECORD, ITEM, { _tag: 'Failed' }, 'me', NOW);

describe('what appears', () => {
  it('is taken, once it is whole', () => {
    expect(stepsOf({})).toEqual(TAKE);
  });

  it('fault 70: may it still grow, only when two looks have shown the same revision', () => {
    const items = [{ ...ITEM, mayGrow: true }];
    expect(stepsOf({ items })).toEqual([]);
    expect(stepsOf({ items, before: new Map([['a.tar.gz', '0']]) })).toEqual([]);
    expect(stepsOf({ items, before: new Map([['a.tar.gz', '1']]) })).toEqual([{ _tag: 'Take', item: items[0] }]);
  });

  it('waits while another is being taken in', () => {
    expect(stepsOf({ isTaking: true })).toEqual([]);
  });

  it.each([
    ['taken', taken],
    ['refused', refused],
  ])('fault 71: once %s, is not taken again until it changes', (_what, record) => {
    const takes = (items: readonly InboxItem[]) => stepsOf({ items, record }).filter(({ _tag }) => _tag === 'Take');
    expect(takes([ITEM])).toEqual([]);
    const changed = { ...ITEM, revision: '2' };
    expect(takes([changed])).toEqual([{ _tag: 'Take', item: changed }]);
  });

  it('L4: is left to who claimed it, for as long as that may be at work', () => {
    const record = claimEntry(EMPTY_INBOX_RECORD, ITEM, 'other', NOW);
    const until = plus(NOW, INBOX_LEASE_MS);
    expect(decideInbox(viewOf({ record }))).toEqual({ steps: [], wakeAt: O.some(until) });
    expect(stepsOf({ record, now: until })).toEqual(TAKE);
    expect(stepsOf({ record, items: [{ ...ITEM, revision: '2' }] })).toHaveLength(1);
  });

  it('is taken again by who claimed it and is not at work on it: the end could not be written', () => {
    const record = claimEntry(EMPTY_INBOX_RECORD, ITEM, 'me', NOW);
    expect(stepsOf({ record })).toEqual(TAKE);
    expect(stepsOf({ record, isTaking: true })).toEqual([]);
  });

  it('that fails is tried again after its wait, which grows with each failure', () => {
    const wakeOf = (record: InboxRecord): EpochMs => O.getOrElse(() => NOW)(decideInbox(viewOf({ record })).wakeAt);
    const first = wakeOf(failed);
    expect(first).toBeGreaterThan(NOW);
    expect(stepsOf({ record: failed, now: first })).toEqual(TAKE);
    let record = failed;
    for (let failure = 0; failure < 20; failure++) {
      record = concludeTaking(claimEntry(record, ITEM, 'me', NOW), ITEM, { _tag: 'Failed' }, 'me', NOW);
    }
    expect(record.entries.get('a.tar.gz')?.outcome).toMatchObject({ failures: 21 });
    expect(wakeOf(record)).toBeLessThanOrEqual(plus(NOW, INBOX_BACKOFF.capMs));
  });

  it('fault 33: no wait of a clock that was ahead holds it up', () => {
    const ahead = plus(NOW, 365 * 24 * 3_600_000);
    for (const record of [
      concludeTaking(EMPTY_INBOX_RECORD, ITEM, { _tag: 'Failed' }, 'me', ahead),
      claimEntry(EMPTY_INBOX_RECORD, ITEM, 'other', ahead),
    ]) {
      expect(stepsOf({ record })).toEqual(TAKE);
    }
  });
});

describe('uploads', () => {
  const owedTo = (fields: Partial<InboxView>) => stepsOf({ record: taken, ...fields });

  it('are tried on every stack, one at a time to each', () => {
    expect(owedTo({})).toEqual(STACKS.map((stack) => ({ _tag: 'Upload', version: V1, stack })));
    expect(owedTo({ busy: new Set([BASALT]) })).toEqual([{ _tag: 'Upload', version: V1, stack: IRONSTONE }]);
  });

  it('fault 63: that fail are tried again with a wait, while others go on', () => {
    const record = concludeUpload(taken, V1, BASALT, false, NOW);
    expect(owedTo({ record })).toEqual([{ _tag: 'Upload', version: V1, stack: IRONSTONE }]);
    const later = plus(NOW, INBOX_BACKOFF.baseMs);
    expect(owedTo({ record, now: later })).toHaveLength(2);
  });

  it('are owed no more once every stack has it', () => {
    const record = STACKS.reduce((before, stack) => concludeUpload(before, V1, stack, true, NOW), taken);
    expect(record.uploads.size).toBe(0);
    expect(concludeUpload(record, V1, BASALT, true, NOW)).toBe(record);
    expect(claimUploads(record, V1, 'other', NOW)).toBe(record);
  });

  it('L4: are left to who sees to them, for as long as that may be at work', () => {
    expect(owedTo({ me: 'other' })).toEqual([]);
    const later = plus(NOW, INBOX_LEASE_MS);
    expect(owedTo({ me: 'other', now: later })).toHaveLength(2);
    const adopted = claimUploads(taken, V1, 'other', later);
    expect(owedTo({ record: adopted, now: later })).toEqual([]);
  });
});

describe('the record', () => {
  it('forgets what is gone, and is the same while nothing is', () => {
    expect(forgetGone(taken, new Set(['a.tar.gz']), STACKS)).toBe(taken);
    expect(forgetGone(taken, new Set(), STACKS).entries.size).toBe(0);
    expect([...(forgetGone(taken, new Set(), [BASALT]).uploads.get(V1)?.stacks.keys() ?? [])]).toEqual([BASALT]);
    expect(forgetGone(taken, new Set(), []).uploads.size).toBe(0);
  });

  it.each([
    ['taken', taken],
    ['refused', refused],
    ['failing', failed],
    ['claimed', claimEntry(EMPTY_INBOX_RECORD, ITEM, 'me', NOW)],
    ['empty', EMPTY_INBOX_RECORD],
  ])('is read as it was written: %s', (_what, record) => {
    expect(decodeInboxRecord(encodeInboxRecord(record))).toEqual(E.right(record));
  });

  it.each(['', '{}', '{"schema":1,"entries":{}}', '{"schema":2,"entries":{},"uploads":{}}'])(
    'fault 72: %j is refused',
    (text) => {
      expect(E.isLeft(decodeInboxRecord(text))).toBe(true);
    },
  );
});

/** What the tarballs of a history are: those that are fine, those that are bad, those that fail so often. */
type Nature = 'Fine' | 'Bad' | number;

interface History {
  readonly natures: readonly Nature[];
  /** Whether a stack fails for ever. */
  readonly isStackDown: boolean;
  readonly holders: readonly string[];
}

const history: fc.Arbitrary<History> = fc.record({
  natures: fc.array(fc.oneof(fc.constant<Nature>('Fine'), fc.constant<Nature>('Bad'), fc.integer({ min: 1, max: 6 })), {
    minLength: 1,
    maxLength: 6,
  }),
  isStackDown: fc.boolean(),
  holders: fc.array(fc.constantFrom('one', 'two', 'three'), { minLength: 1, maxLength: 40 }),
});

interface Happened {
  readonly record: InboxRecord;
  readonly takes: readonly string[];
  readonly uploads: readonly string[];
}

/** Several Librarians share a record; each turn one of them does all that is to be done, and time goes on to the next wake. */
const live = ({ natures, isStackDown, holders }: History): Happened => {
  const items = natures.map((_, n): InboxItem => ({ name: `${n}.tar.gz`, revision: '1', mayGrow: false }));
  const attempts = natures.map(() => 0);
  const takes: string[] = [];
  const uploads: string[] = [];
  let record = EMPTY_INBOX_RECORD;
  let now = NOW;
  const isDown = (stack: StackName): boolean => isStackDown && stack === BASALT;
  for (let turn = 0; turn < 400; turn++) {
    const me = holders[turn % holders.length] ?? 'one';
    const { steps, wakeAt } = decideInbox(viewOf({ items, record, me, now }));
    expect(steps.filter(({ _tag }) => _tag === 'Take').length).toBeLessThanOrEqual(1);
    if (O.isSome(wakeAt)) expect(wakeAt.value).toBeGreaterThan(now);
    for (const step of steps) {
      if (step._tag === 'Upload') {
        uploads.push(`${step.version} ${step.stack}`);
        record = claimUploads(record, step.version, me, now);
        record = concludeUpload(record, step.version, step.stack, !isDown(step.stack), now);
        continue;
      }
      const n = items.indexOf(step.item);
      const nature = natures[n] ?? 'Fine';
      attempts[n] = (attempts[n] ?? 0) + 1;
      takes.push(step.item.name);
      record = claimEntry(record, step.item, me, now);
      if (nature === 'Bad') {
        record = concludeTaking(record, step.item, { _tag: 'Refused', reason: 'bad' }, me, now);
      } else if (typeof nature === 'number' && (attempts[n] ?? 0) <= nature) {
        record = concludeTaking(record, step.item, { _tag: 'Failed' }, me, now);
      } else {
        const end = { _tag: 'Taken', version: version(`1.0.${n}`), stacks: STACKS } as const;
        record = concludeTaking(record, step.item, end, me, now);
      }
    }
    if (steps.length === 0) now = O.isSome(wakeAt) ? wakeAt.value : plus(now, INBOX_LEASE_MS);
  }
  return { record, takes, uploads };
};

property(
  'L4: whoever of several Librarians looks, each tarball is concluded, and tried no more than it has to',
  [history],
  (given) => {
    const { record, takes, uploads } = live(given);
    given.natures.forEach((nature, n) => {
      const name = `${n}.tar.gz`;
      expect(record.entries.get(name)?.outcome._tag).toBe(nature === 'Bad' ? 'Refused' : 'Taken');
      expect(takes.filter((one) => one === name)).toHaveLength(typeof nature === 'number' ? nature + 1 : 1);
      const done = uploads.filter((one) => one === `1.0.${n} ironstone`);
      expect(done).toHaveLength(nature === 'Bad' ? 0 : 1);
    });
    const owed = [...record.uploads.values()].flatMap(({ stacks }) => [...stacks.keys()]);
    expect(new Set(owed)).toEqual(
      new Set(given.isStackDown && given.natures.some((one) => one !== 'Bad') ? [BASALT] : []),
    );
  },
);
