/**
 * The Summoner's transition table: what every event does in every phase. The compiler refuses a missing cell, a test
 * runs every one of them, and SPEC.md shows the table as {@link renderSummonerTable} writes it.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { RunCause } from '../../src/domain/node-state.ts';
import type { SignalVerdict, SummonerDecision, SummonerReason } from '../../src/domain/summoner.ts';

/** What a node is about, told by what it does next. */
export type Phase =
  /** It owes nothing before the floor. */
  | 'Idle'
  /** It waits for the splay of a version or of a run request. */
  | 'Splaying'
  | 'Running'
  /** A run failed, and the next attempt has its time. */
  | 'BackingOff'
  /** The attempts at a version are used up. */
  | 'GaveUp'
  /** There is no success to be believed, and the first run waits for its splay. */
  | 'FirstRunWaiting'
  /** Disabled by a person, and no run is under way. */
  | 'DisabledIdle';

/** What can happen. A signal carries the version that the node has seen last, unless its name says otherwise. */
export type EventKind =
  | 'new version'
  | 'same version, newer timestamp'
  | 'same signal again'
  | 'older signal'
  | 'applied version'
  | 'wrong stack'
  | 'upload incomplete'
  | 'expired'
  | 'malformed'
  | 'unchanged'
  | 'unavailable'
  | 'request for me'
  | 'request for others'
  | 'time of start came'
  | 'floor came'
  | 'run succeeded'
  | 'run failed'
  | 'run failed for the last time'
  | 'upgraded'
  | 'disabled'
  | 'enabled'
  | 'run-now'
  | 'restart'
  | 'clock stepped'
  | 'fallback succeeded';

/** What a cell promises. */
export type Expected =
  /** A run starts; the node is Running. */
  | { readonly _tag: 'Starts'; readonly cause: RunCause['_tag'] }
  | {
      readonly _tag: 'Waits';
      readonly reason: SummonerReason['_tag'];
      readonly next: Phase;
      /** What becomes of the signal, where one is seen; a refused one with the reason. */
      readonly verdict?: string;
    }
  /** It cannot happen there; the agent that is told so all the same does nothing. */
  | { readonly _tag: 'Impossible'; readonly because: string };

const starts = (cause: RunCause['_tag']): Expected => ({ _tag: 'Starts', cause });

const waits = (reason: SummonerReason['_tag'], next: Phase, verdict?: string): Expected => ({
  _tag: 'Waits',
  reason,
  next,
  ...(verdict === undefined ? {} : { verdict }),
});

const impossible = (because: string): Expected => ({ _tag: 'Impossible', because });

const NO_RUN = impossible('no run is under way');
const NOT_DISABLED = impossible('it is not disabled');
const ONLY_FLOOR = impossible('only the floor is ahead');

/** What is seen on the bus and starts nothing leaves the phase as it is. */
const unmoved = (reason: SummonerReason['_tag'], phase: Phase) =>
  ({
    'same signal again': waits(reason, phase, 'AlreadySeen'),
    'older signal': waits(reason, phase, 'Refused: Replayed'),
    'wrong stack': waits(reason, phase, 'Refused: WrongStack'),
    'upload incomplete': waits(reason, phase, 'UploadIncomplete'),
    expired: waits(reason, phase, 'Expired'),
    malformed: waits(reason, phase, 'Refused: NotJson'),
    unchanged: waits(reason, phase),
    unavailable: waits(reason, phase),
    'clock stepped': waits(reason, phase),
  }) satisfies Partial<Record<EventKind, Expected>>;

const noRun = {
  'run succeeded': NO_RUN,
  'run failed': NO_RUN,
  'run failed for the last time': NO_RUN,
  upgraded: NO_RUN,
} satisfies Partial<Record<EventKind, Expected>>;

/** The table. */
export const SUMMONER_TABLE: Readonly<Record<Phase, Readonly<Record<EventKind, Expected>>>> = {
  Idle: {
    ...unmoved('UpToDate', 'Idle'),
    ...noRun,
    'new version': waits('Splay', 'Splaying', 'Accepted'),
    'same version, newer timestamp': waits('UpToDate', 'Idle', 'AlreadyApplied'),
    'applied version': waits('UpToDate', 'Idle', 'AlreadyApplied'),
    'request for me': waits('Splay', 'Splaying', 'AlreadyApplied'),
    'request for others': waits('UpToDate', 'Idle', 'AlreadyApplied'),
    'time of start came': ONLY_FLOOR,
    'floor came': starts('Floor'),
    disabled: waits('Disabled', 'DisabledIdle'),
    enabled: NOT_DISABLED,
    'run-now': starts('RunNow'),
    restart: waits('UpToDate', 'Idle'),
    'fallback succeeded': waits('UpToDate', 'Idle'),
  },
  Splaying: {
    ...unmoved('Splay', 'Splaying'),
    ...noRun,
    'new version': waits('Splay', 'Splaying', 'Accepted'),
    'same version, newer timestamp': waits('Splay', 'Splaying', 'Accepted'),
    'applied version': waits('UpToDate', 'Idle', 'AlreadyApplied'),
    'request for me': waits('Splay', 'Splaying', 'Accepted'),
    'request for others': waits('Splay', 'Splaying', 'Accepted'),
    'time of start came': starts('NewVersion'),
    'floor came': starts('Floor'),
    disabled: waits('Disabled', 'DisabledIdle'),
    enabled: NOT_DISABLED,
    'run-now': starts('RunNow'),
    restart: waits('Splay', 'Splaying'),
    'fallback succeeded': waits('Splay', 'Splaying'),
  },
  Running: {
    ...unmoved('AlreadyRunning', 'Running'),
    'new version': waits('AlreadyRunning', 'Running', 'Accepted'),
    'same version, newer timestamp': waits('AlreadyRunning', 'Running', 'Accepted'),
    'applied version': waits('AlreadyRunning', 'Running', 'Accepted'),
    'request for me': waits('AlreadyRunning', 'Running', 'Accepted'),
    'request for others': waits('AlreadyRunning', 'Running', 'Accepted'),
    'time of start came': waits('AlreadyRunning', 'Running'),
    'floor came': waits('AlreadyRunning', 'Running'),
    'run succeeded': waits('UpToDate', 'Idle'),
    'run failed': waits('BackingOff', 'BackingOff'),
    'run failed for the last time': waits('GaveUp', 'GaveUp'),
    upgraded: starts('Upgraded'),
    disabled: waits('AlreadyRunning', 'Running'),
    enabled: NOT_DISABLED,
    'run-now': waits('AlreadyRunning', 'Running'),
    restart: waits('BackingOff', 'BackingOff'),
    'fallback succeeded': waits('AlreadyRunning', 'Running'),
  },
  BackingOff: {
    ...unmoved('BackingOff', 'BackingOff'),
    ...noRun,
    'new version': waits('Splay', 'Splaying', 'Accepted'),
    'same version, newer timestamp': waits('BackingOff', 'BackingOff', 'Accepted'),
    // The attempt at the other version may have got half-way, so going back takes a run.
    'applied version': waits('Splay', 'Splaying', 'Accepted'),
    'request for me': waits('BackingOff', 'BackingOff', 'Accepted'),
    'request for others': waits('BackingOff', 'BackingOff', 'Accepted'),
    'time of start came': starts('NewVersion'),
    'floor came': starts('Floor'),
    disabled: waits('Disabled', 'DisabledIdle'),
    enabled: NOT_DISABLED,
    'run-now': starts('RunNow'),
    restart: waits('BackingOff', 'BackingOff'),
    'fallback succeeded': waits('BackingOff', 'BackingOff'),
  },
  GaveUp: {
    ...unmoved('GaveUp', 'GaveUp'),
    ...noRun,
    'new version': waits('Splay', 'Splaying', 'Accepted'),
    // A newer signal is what starts another series of attempts (law N7), unless it was written for a run request.
    'same version, newer timestamp': waits('Splay', 'Splaying', 'Accepted'),
    'applied version': waits('Splay', 'Splaying', 'Accepted'),
    'request for me': waits('Splay', 'Splaying', 'Accepted'),
    'request for others': waits('GaveUp', 'GaveUp', 'Accepted'),
    'time of start came': ONLY_FLOOR,
    'floor came': starts('Floor'),
    disabled: waits('Disabled', 'DisabledIdle'),
    enabled: NOT_DISABLED,
    'run-now': starts('RunNow'),
    restart: waits('GaveUp', 'GaveUp'),
    'fallback succeeded': waits('GaveUp', 'GaveUp'),
  },
  FirstRunWaiting: {
    ...unmoved('Splay', 'FirstRunWaiting'),
    ...noRun,
    'new version': waits('Splay', 'Splaying', 'Accepted'),
    'same version, newer timestamp': waits('Splay', 'FirstRunWaiting', 'AlreadyApplied'),
    'applied version': waits('Splay', 'FirstRunWaiting', 'AlreadyApplied'),
    'request for me': waits('Splay', 'Splaying', 'AlreadyApplied'),
    'request for others': waits('Splay', 'FirstRunWaiting', 'AlreadyApplied'),
    'time of start came': starts('FirstRun'),
    'floor came': starts('FirstRun'),
    disabled: waits('Disabled', 'DisabledIdle'),
    enabled: NOT_DISABLED,
    'run-now': starts('RunNow'),
    restart: waits('Splay', 'FirstRunWaiting'),
    'fallback succeeded': waits('UpToDate', 'Idle'),
  },
  DisabledIdle: {
    ...unmoved('Disabled', 'DisabledIdle'),
    ...noRun,
    'new version': waits('Disabled', 'DisabledIdle', 'Accepted'),
    'same version, newer timestamp': waits('Disabled', 'DisabledIdle', 'AlreadyApplied'),
    'applied version': waits('Disabled', 'DisabledIdle', 'AlreadyApplied'),
    'request for me': waits('Disabled', 'DisabledIdle', 'AlreadyApplied'),
    'request for others': waits('Disabled', 'DisabledIdle', 'AlreadyApplied'),
    'time of start came': ONLY_FLOOR,
    'floor came': starts('Floor'),
    disabled: waits('Disabled', 'DisabledIdle'),
    enabled: waits('UpToDate', 'Idle'),
    'run-now': waits('Disabled', 'DisabledIdle'),
    restart: waits('Disabled', 'DisabledIdle'),
    'fallback succeeded': waits('Disabled', 'DisabledIdle'),
  },
};

/** The phase that a decision leaves the node in. */
export const phaseOf = ({ reason, state: { node } }: SummonerDecision): Phase => {
  switch (reason._tag) {
    case 'NewVersion':
    case 'Request':
    case 'Floor':
    case 'FirstRun':
    case 'RunNow':
    case 'Upgraded':
    case 'AlreadyRunning':
      return 'Running';
    case 'Splay':
      return O.isNone(node.pending) && node.requests.length === 0 ? 'FirstRunWaiting' : 'Splaying';
    case 'BackingOff':
      return 'BackingOff';
    case 'Disabled':
      return 'DisabledIdle';
    case 'GaveUp':
      return 'GaveUp';
    case 'UpToDate':
      return 'Idle';
  }
};

/** A verdict as the table writes it. */
export const verdictText = (verdict: O.Option<SignalVerdict>): string | undefined => {
  if (O.isNone(verdict)) return undefined;
  return verdict.value._tag === 'Refused' ? `Refused: ${verdict.value.refusal._tag}` : verdict.value._tag;
};

/** The phases, in the order of the table's columns. */
export const PHASES = Object.keys(SUMMONER_TABLE) as readonly Phase[];

/** The events, in the order of {@link EventKind}. */
export const EVENT_KINDS: readonly EventKind[] = [
  'new version',
  'same version, newer timestamp',
  'same signal again',
  'older signal',
  'applied version',
  'wrong stack',
  'upload incomplete',
  'expired',
  'malformed',
  'unchanged',
  'unavailable',
  'request for me',
  'request for others',
  'time of start came',
  'floor came',
  'run succeeded',
  'run failed',
  'run failed for the last time',
  'upgraded',
  'disabled',
  'enabled',
  'run-now',
  'restart',
  'clock stepped',
  'fallback succeeded',
];

const cellText = (expected: Expected, phase: Phase): string => {
  switch (expected._tag) {
    case 'Starts':
      return `**start** (${expected.cause}) → Running`;
    case 'Waits': {
      const { reason, next, verdict } = expected;
      const seen = verdict === undefined ? '' : `${verdict}; `;
      if (next === phase) return `${seen}${reason}`;
      return reason === next ? `${seen}→ ${next}` : `${seen}${reason} → ${next}`;
    }
    case 'Impossible':
      return `– (${expected.because})`;
  }
};

/**
 * The table as Markdown: events down, phases across. A cell names the reason of the decision, before it what became of the
 * signal, and behind an arrow the next phase where it is another.
 */
export const renderSummonerTable = (): string => {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row(['event', ...PHASES]),
    row(['---', ...PHASES.map(() => '---')]),
    ...EVENT_KINDS.map((event) =>
      row([event, ...PHASES.map((phase) => cellText(SUMMONER_TABLE[phase][event], phase))]),
    ),
    '',
  ].join('\n');
};
