/**
 * What people are told of: a closed set of events, each as data and as a line of text. Nothing here decides anything; a
 * promotion that did not happen is told of nowhere (law L8).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { HoldScopeField, Reason } from './control-state.ts';
import { refinedText } from './decoding.ts';
import type { Hold } from './hold.ts';
import { formatHoldScope } from './hold-text.ts';
import { exactFields, InstantField, optionField } from './json-fields.ts';
import { EnvironmentName, NodeName, Slug, StackName, Version, ZoneId } from './names.ts';
import { isStepComplete } from './pins.ts';
import { promotionId } from './promotion-id.ts';
import type { TickView } from './tick.ts';
import { type EpochMs, formatInstant, plus } from './time.ts';

/** The kinds of events, as receivers choose among them. */
export const NOTICE_TYPES = [
  'promotion.done',
  'promotion.stuck',
  'promotion.rolled_back',
  'hold.added',
  'hold.lifted',
  'version.rejected',
  'version.approved',
  'artifact.refused',
  'fallback.fired',
  'bootstrap.done',
  'bootstrap.failed',
] as const;

/** One of {@link NOTICE_TYPES}. */
export type NoticeType = (typeof NOTICE_TYPES)[number];

/** Who decided something, and why. */
export interface ByPerson {
  readonly by: string;
  readonly reason: string;
}

/** What is said of each kind of event. */
export interface NoticeData {
  /** Every stack of the step has the version, and its nodes have been told. */
  readonly 'promotion.done': {
    readonly promotion: string;
    readonly environment: EnvironmentName;
    readonly version: Version;
    readonly stacks: readonly StackName[];
  };
  /** A step has been open for longer than it should be. */
  readonly 'promotion.stuck': {
    readonly promotion: string;
    readonly environment: EnvironmentName;
    readonly version: Version;
    readonly since: EpochMs;
    /** The stacks that do not have it, or have not said so. */
    readonly missing: readonly StackName[];
  };
  /** Somebody rolled back; the promotions that carry it out are told of as they are done. */
  readonly 'promotion.rolled_back': ByPerson & {
    readonly promotions: readonly { readonly environment: EnvironmentName; readonly version: Version }[];
    readonly rejected: readonly Version[];
  };
  readonly 'hold.added': Omit<Hold, 'id' | 'expiresAt'> & {
    readonly hold: Slug;
    readonly by: string;
    /** None: until it is lifted. */
    readonly until: O.Option<EpochMs>;
  };
  readonly 'hold.lifted': ByPerson & { readonly hold: Slug };
  readonly 'version.rejected': ByPerson & { readonly version: Version };
  readonly 'version.approved': ByPerson & { readonly version: Version };
  /** A tarball of the inbox is none, or not what it says. */
  readonly 'artifact.refused': { readonly name: string; readonly reason: string };
  /** Nothing else had run on a node; told by the node's own hook, never by a Librarian. */
  readonly 'fallback.fired': {
    readonly node: NodeName;
    readonly outcome: 'Succeeded' | 'Failed' | 'Drill';
    readonly reason: string;
  };
  /** A machine knows where it belongs; told by its own hook, never by a Librarian. */
  readonly 'bootstrap.done': {
    readonly node: NodeName;
    readonly stack: StackName;
    readonly environment: EnvironmentName;
    readonly zone: ZoneId;
    readonly outcome: BootstrapOutcome;
    /** Why it was moved from where it was; none unless it was. */
    readonly reason: O.Option<string>;
  };
  /** A machine does not know where it belongs, and chef-client has not run on it; told by its own hook. */
  readonly 'bootstrap.failed': { readonly reason: string };
}

/** What bootstrap has done: written both files, found them as they should be, written the one that was missing, or both anew. */
export type BootstrapOutcome = (typeof BOOTSTRAP_OUTCOMES)[number];

/** All of {@link BootstrapOutcome}. */
export const BOOTSTRAP_OUTCOMES = ['Assigned', 'AlreadyAssigned', 'DropInRestored', 'Reassigned'] as const;

/** One event. */
export type Notice = {
  readonly [Type in NoticeType]: { readonly type: Type; readonly data: NoticeData[Type] };
}[NoticeType];

/** One event, and which it is. */
export type Notification = Notice & {
  /** The same for the same event, whoever tells of it and however often: receivers know by it what they have had. */
  readonly id: string;
  /** The plan that it is of, or the node. */
  readonly source: string;
  readonly at: EpochMs;
};

/** Free text of an event is cut off after so many UTF-16 code units. */
export const NOTICE_TEXT_LENGTH_MAX = 1024;

/** What somebody else wrote, as an event carries it: bounded, on one line. */
export const noticeText = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- control characters are what is replaced
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').slice(0, NOTICE_TEXT_LENGTH_MAX);

/** Tells of an event of the plan `source`; `subject` tells it from every other of its kind there. */
export const notificationOf = (source: string, notice: Notice, subject: string, at: EpochMs): Notification => ({
  ...notice,
  id: `${source}/${notice.type}/${subject}`,
  source,
  at,
});

/**
 * What the pins say of the promotions that are remembered as open: those that are done, and those that have been open for
 * `stuckAfterMs` or longer. Asked again it answers the same, under the same ids.
 */
export const promotionNotices = (
  view: Pick<TickView, 'plan' | 'pins' | 'memory' | 'now'>,
  stuckAfterMs: number,
): readonly Notification[] =>
  [...view.memory.steps].flatMap(([environment, step]): readonly Notification[] => {
    const { version, stacks, openedAt } = step;
    const promotion = promotionId(environment, step);
    const told = (notice: Notice) => [notificationOf(view.plan.name, notice, promotion, view.now)];
    if (isStepComplete(view.pins, environment, step)) {
      return told({ type: 'promotion.done', data: { promotion, environment, version, stacks } });
    }
    if (view.now < plus(openedAt, stuckAfterMs)) return [];
    const missing = stacks.filter((stack) => !isStepComplete(view.pins, environment, { ...step, stacks: [stack] }));
    return told({
      type: 'promotion.stuck',
      data: { promotion, environment, version, since: openedAt, missing },
    });
  });

/** One line for people: what has happened. */
export const explainNotice = (notice: Notice): string => {
  switch (notice.type) {
    case 'promotion.done': {
      const { environment, version, stacks } = notice.data;
      return `${environment} is on ${version} on ${stacks.join(', ')}`;
    }
    case 'promotion.stuck': {
      const { environment, version, since, missing } = notice.data;
      return `${environment} has been on its way to ${version} since ${formatInstant(since)} and lacks it on ${missing.join(', ')}; \`signalbox explain ${environment}\` says why`;
    }
    case 'promotion.rolled_back': {
      const { promotions, rejected, by, reason } = notice.data;
      const back = promotions.map(({ environment, version }) => `${environment} to ${version}`).join(', ');
      const bad = rejected.length === 0 ? '' : `, and rejects ${rejected.join(', ')}`;
      return `${by} rolls back ${back === '' ? 'nothing that is pinned' : back}${bad}: ${reason}`;
    }
    case 'hold.added': {
      const { hold, scope, owner, until, reason } = notice.data;
      const end = O.isSome(until) ? `until ${formatInstant(until.value)}` : 'until it is lifted';
      return `hold ${hold}: ${formatHoldScope(scope)} is held by ${owner} ${end}: ${reason}`;
    }
    case 'hold.lifted':
      return `hold ${notice.data.hold} is lifted by ${notice.data.by}: ${notice.data.reason}`;
    case 'version.rejected':
      return `${notice.data.version} is rejected by ${notice.data.by}: ${notice.data.reason}`;
    case 'version.approved':
      return `${notice.data.version} is approved by ${notice.data.by}: ${notice.data.reason}`;
    case 'artifact.refused':
      return `artifact ${notice.data.name} is refused: ${notice.data.reason}`;
    case 'fallback.fired':
      return `the fallback fired on ${notice.data.node}: ${notice.data.outcome} (${notice.data.reason})`;
    case 'bootstrap.done': {
      const { node, stack, environment, zone, outcome, reason } = notice.data;
      return `${node} in zone ${zone} belongs to ${stack}/${environment}: ${outcome}${O.isSome(reason) ? ` (${reason.value})` : ''}`;
    }
    case 'bootstrap.failed':
      return `a machine does not know where it belongs: ${notice.data.reason}`;
  }
};

/** Reads and writes a {@link NoticeType}. */
export const NoticeTypeField: t.Type<NoticeType, string> = refinedText<NoticeType>(
  'event',
  `one of ${NOTICE_TYPES.join(', ')}`,
  (text) => NOTICE_TYPES.some((type) => type === text),
);

const Free = refinedText<string>(
  'text',
  `text of at most ${NOTICE_TEXT_LENGTH_MAX} characters`,
  ({ length }) => length <= NOTICE_TEXT_LENGTH_MAX,
);
const Stacks = t.readonlyArray(StackName, 'a list of stacks');
const OnStep = { promotion: t.string, environment: EnvironmentName, version: Version };
const OnVersion = { version: Version, by: Free, reason: Free };

const DATA: { readonly [Type in NoticeType]: t.Type<NoticeData[Type], object> } = {
  'promotion.done': exactFields('promotion', { ...OnStep, stacks: Stacks }),
  'promotion.stuck': exactFields('promotion', { ...OnStep, since: InstantField, missing: Stacks }),
  'promotion.rolled_back': exactFields('rollback', {
    promotions: t.readonlyArray(exactFields('promotion', { environment: EnvironmentName, version: Version })),
    rejected: t.readonlyArray(Version),
    by: Free,
    reason: Free,
  }),
  'hold.added': exactFields('hold', {
    hold: Slug,
    scope: HoldScopeField,
    owner: Free,
    by: Free,
    reason: Reason,
    until: optionField(InstantField),
  }),
  'hold.lifted': exactFields('hold', { hold: Slug, by: Free, reason: Free }),
  'version.rejected': exactFields('version', OnVersion),
  'version.approved': exactFields('version', OnVersion),
  'artifact.refused': exactFields('artifact', { name: Free, reason: Free }),
  'fallback.fired': exactFields('fallback', {
    node: NodeName,
    outcome: refinedText<NoticeData['fallback.fired']['outcome']>('outcome', 'Succeeded, Failed or Drill', (text) =>
      ['Succeeded', 'Failed', 'Drill'].includes(text),
    ),
    reason: Free,
  }),
  'bootstrap.done': exactFields('bootstrap', {
    node: NodeName,
    stack: StackName,
    environment: EnvironmentName,
    zone: ZoneId,
    outcome: refinedText<BootstrapOutcome>('outcome', `one of ${BOOTSTRAP_OUTCOMES.join(', ')}`, (text) =>
      BOOTSTRAP_OUTCOMES.some((outcome) => outcome === text),
    ),
    reason: optionField(Free),
  }),
  'bootstrap.failed': exactFields('bootstrap', { reason: Free }),
};

/** The data of an event as JSON. */
const encodeData = <Type extends NoticeType>(type: Type, data: NoticeData[Type]): object => DATA[type].encode(data);

const Envelope = exactFields('event', {
  id: refinedText<string>('id', 'an id of 1 to 1024 characters', ({ length }) => length > 0 && length <= 1024),
  type: NoticeTypeField,
  timestamp: InstantField,
  source: t.string,
  text: t.string,
  data: t.unknown,
});

/**
 * Reads and writes an event as receivers get it: `{id, type, timestamp, source, text, data}`. `text` is for people, and
 * not read back.
 */
export const NotificationField: t.Type<Notification, object> = new t.Type<Notification, object>(
  'event',
  (u): u is Notification => typeof u === 'object' && u !== null && 'type' in u && 'data' in u && 'at' in u,
  (u, context) => {
    const envelope = Envelope.validate(u, context);
    if (E.isLeft(envelope)) return envelope;
    const { id, type, timestamp: at, source, data } = envelope.right;
    const codec: t.Decoder<unknown, NoticeData[NoticeType]> = DATA[type];
    const decoded = codec.validate(data, t.appendContext(context, 'data', codec, data));
    // The codec was chosen by the type, so type and data are those of one event.
    return E.map((valid: NoticeData[NoticeType]) => ({ id, source, at, type, data: valid }) as Notification)(decoded);
  },
  (notification) => ({
    id: notification.id,
    type: notification.type,
    timestamp: formatInstant(notification.at),
    source: notification.source,
    text: explainNotice(notification),
    data: encodeData(notification.type, notification.data),
  }),
);
