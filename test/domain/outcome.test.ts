import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { nameFromLiteral, Slug } from '../../src/domain/names.ts';
import {
  explainOutcome,
  type Outcome,
  type PromotedReason,
  reasonLabel,
  type WaitingReason,
} from '../../src/domain/outcome.ts';
import { type EpochMs, epochMs } from '../../src/domain/time.ts';
import { environmentName, stackName, version } from '../support/slack.ts';
import { REASON_LABELS } from '../support/train-oracle.ts';

const [A, B] = [version('1.0.1'), version('1.0.2')];
const [DEV, PROD] = [environmentName('dev'), environmentName('prod-2')];
const BASALT = stackName('basalt');
const INSTANT = epochMs(Date.UTC(2025, 6, 28, 2, 30));

/** Every reason to wait, and what people are told; total, so that a new reason needs its text here. */
const TEXTS: { readonly [Tag in WaitingReason['_tag']]: readonly [Extract<WaitingReason, { _tag: Tag }>, string] } = {
  NotDue: [{ _tag: 'NotDue' }, 'its next departure has not come'],
  DepartureMissed: [
    { _tag: 'DepartureMissed', departure: INSTANT },
    'the departure of 2025-07-28T02:30:00Z was missed; the next one makes one step',
  ],
  ClockWentBack: [
    { _tag: 'ClockWentBack' },
    'the clock was set back past a departure that acted; one departure is let go, the next acts again',
  ],
  Held: [
    {
      _tag: 'Held',
      hold: {
        id: nameFromLiteral(Slug)('freeze'),
        scope: { _tag: 'plan' },
        reason: 'the week of the sale',
        owner: 'ada',
        expiresAt: O.none,
      },
    },
    'held by ada: the week of the sale (hold freeze; lift it to go on)',
  ],
  NoArtifact: [{ _tag: 'NoArtifact' }, 'no artifact is complete on every stack and not rejected'],
  SourceUnset: [
    { _tag: 'SourceUnset', source: DEV },
    'dev, which it takes from, has no pin; promote a version there first',
  ],
  SourceUnsettled: [
    { _tag: 'SourceUnsettled', source: DEV },
    'dev, which it takes from, is not on one version on every stack',
  ],
  TrainUnderWay: [{ _tag: 'TrainUnderWay', version: B }, '1.0.2 boards when the version on the train has arrived'],
  NotItsTurn: [{ _tag: 'NotItsTurn', next: PROD }, 'prod-2 goes first'],
  StepIncomplete: [
    { _tag: 'StepIncomplete', environment: PROD, stacks: [BASALT, stackName('ironstone')] },
    'prod-2 is not complete on basalt, ironstone; every tick tries again',
  ],
  StackUnreadable: [
    { _tag: 'StackUnreadable', environment: PROD },
    'not every stack answers for prod-2, and nobody knows what it is on',
  ],
  StacksDisagree: [
    { _tag: 'StacksDisagree', environment: PROD, versions: [A, B] },
    'prod-2 is on 1.0.1 and 1.0.2 on different stacks; promote one of them there by hand',
  ],
  OutOfShape: [
    { _tag: 'OutOfShape', versions: [A, B] },
    'no train leaves its stops on 1.0.1, 1.0.2; promote or roll back by hand until at most two versions remain, the newer in front without a gap',
  ],
  VersionRejected: [{ _tag: 'VersionRejected', version: A }, '1.0.1 is rejected; approve it or roll back'],
  ArtifactUnknown: [{ _tag: 'ArtifactUnknown', version: A }, 'no artifact 1.0.1 is known; add it'],
  ArtifactIncomplete: [
    { _tag: 'ArtifactIncomplete', version: A, missingOn: [BASALT] },
    '1.0.1 is not complete on basalt',
  ],
  ByHand: [{ _tag: 'ByHand' }, 'only people promote it'],
};

const PROMOTED: Record<PromotedReason, true> = {
  TookNewest: true,
  Followed: true,
  Boarded: true,
  Travelled: true,
  Joined: true,
  Resumed: true,
};

const waiting = (reason: WaitingReason, retryAt: O.Option<EpochMs>): Outcome => ({
  _tag: 'Waiting',
  environment: DEV,
  reason,
  retryAt,
});

describe('an outcome', () => {
  it.each(Object.values(TEXTS))('T9: that waits for %j says: %s', (reason, text) => {
    expect(explainOutcome(waiting(reason, O.none))).toBe(`waiting: ${text}`);
    expect(explainOutcome(waiting(reason, O.some(INSTANT)))).toBe(
      `waiting: ${text}; try again at 2025-07-28T02:30:00Z`,
    );
  });

  it('T9: says what was promoted, where and why, or that nothing needs to be', () => {
    const stacks = [BASALT, stackName('ironstone')];
    expect(explainOutcome({ _tag: 'Promoted', environment: DEV, version: A, stacks, reason: 'Boarded' })).toBe(
      'promoted to 1.0.1 on basalt, ironstone (Boarded)',
    );
    expect(explainOutcome({ _tag: 'UpToDate', environment: DEV, version: A, retryAt: O.none })).toBe(
      'up to date on 1.0.1',
    );
  });

  it('T11: a stack that lost its pin is told apart from two that differ', () => {
    const reason: WaitingReason = { _tag: 'StacksDisagree', environment: PROD, versions: [A] };
    expect(explainOutcome(waiting(reason, O.none))).toBe(
      'waiting: prod-2 is on 1.0.1 on some stacks only; promote a version there by hand',
    );
  });

  it('T9: its reason is one word of a closed set', () => {
    const labels = Object.values(TEXTS).map(([reason]) => reasonLabel(waiting(reason, O.none)));
    expect([...labels, ...Object.keys(PROMOTED), 'UpToDate'].toSorted()).toEqual([...REASON_LABELS].toSorted());
    for (const label of labels) expect(label).toMatch(/^[A-Z][A-Za-z]+$/);
  });
});
