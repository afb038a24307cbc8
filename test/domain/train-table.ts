/**
 * The train as a table: in every state, at every event, what the stop concerned is told, whether anything is promoted,
 * and where the train, of three stops, is afterwards. It is total: a state or an event that is added without its cells
 * does not compile.
 */

/** Where a train is, as its pins and its open steps say. */
export type TrainState =
  /** No stop has a pin. */
  | 'Empty'
  /** A stop is new while others have a pin. */
  | 'Joining'
  /** All stops are on one version. */
  | 'Arrived'
  /** A newer version is on its way from stop to stop. */
  | 'UnderWay'
  /** Only the last stop does not have the newer version yet. */
  | 'LastStop'
  /** A step is not complete on every stack. */
  | 'StepOpen'
  /** No train could have left these pins. */
  | 'OutOfShape'
  /** The stacks differ at a stop, and no step explains it. */
  | 'Split'
  /** No stack says what a stop is on. */
  | 'Unreadable';

/** What a tick can find. Unless the event says otherwise a departure is due, and the boarding environment has moved on. */
export type TrainEvent =
  /** The boarding environment is on what the first stop has, or as new as the train. */
  | 'NothingNew'
  /** The boarding environment is on a newer version. */
  | 'NewVersion'
  /** This departure has acted already. */
  | 'NotDue'
  /** The departure is longer ago than its grace. */
  | 'Missed'
  /** The last departure that acted lies in the future. */
  | 'ClockWentBack'
  /** The stop concerned is held. */
  | 'Held'
  /** The version that would be promoted is rejected. */
  | 'Rejected'
  /** The version that would be promoted is not complete on every stack. */
  | 'ArtifactIncomplete'
  /** A newer version is there, and one stack takes no promotion. */
  | 'StackFails'
  /** The boarding environment is not on one version on every stack. */
  | 'SourceUnsettled';

/** What is expected of one tick, for the stop that is next. */
export interface Expected {
  readonly outcome: 'Promoted' | 'UpToDate' | 'Waiting';
  /** The outcome's reason, as metrics have it. */
  readonly reason: string;
  /** Whether anything is promoted at all. */
  readonly promotes: boolean;
  readonly next: TrainState;
}

const waits = (reason: string, next: TrainState): Expected => ({ outcome: 'Waiting', reason, promotes: false, next });

const promotes = (reason: string, next: TrainState): Expected => ({
  outcome: 'Promoted',
  reason,
  promotes: true,
  next,
});

/** What holds a train up in one state holds it up in another. */
const gates = (state: TrainState) => ({
  Held: waits('Held', state),
  Rejected: waits('VersionRejected', state),
  ArtifactIncomplete: waits('ArtifactIncomplete', state),
});

/** What waits for a departure waits so in any state. */
const departures = (state: TrainState) => ({
  NotDue: waits('NotDue', state),
  Missed: waits('DepartureMissed', state),
  ClockWentBack: waits('ClockWentBack', state),
});

/** Until somebody acts it is the same whatever happens (law T11). */
const always = (cell: Expected): Record<TrainEvent, Expected> => ({
  NothingNew: cell,
  NewVersion: cell,
  NotDue: cell,
  Missed: cell,
  ClockWentBack: cell,
  Held: cell,
  Rejected: cell,
  ArtifactIncomplete: cell,
  StackFails: cell,
  SourceUnsettled: cell,
});

/** Every state at every event. */
export const TRAIN_TABLE: Record<TrainState, Record<TrainEvent, Expected>> = {
  Empty: {
    NothingNew: waits('SourceUnset', 'Empty'),
    NewVersion: promotes('Boarded', 'Joining'),
    ...departures('Empty'),
    ...gates('Empty'),
    StackFails: promotes('Boarded', 'StepOpen'),
    SourceUnsettled: waits('SourceUnsettled', 'Empty'),
  },
  Joining: {
    NothingNew: promotes('Joined', 'UnderWay'),
    NewVersion: promotes('Joined', 'UnderWay'),
    ...departures('Joining'),
    ...gates('Joining'),
    StackFails: promotes('Joined', 'StepOpen'),
    SourceUnsettled: promotes('Joined', 'UnderWay'),
  },
  Arrived: {
    NothingNew: { outcome: 'UpToDate', reason: 'UpToDate', promotes: false, next: 'Arrived' },
    NewVersion: promotes('Boarded', 'UnderWay'),
    ...departures('Arrived'),
    ...gates('Arrived'),
    StackFails: promotes('Boarded', 'StepOpen'),
    SourceUnsettled: waits('SourceUnsettled', 'Arrived'),
  },
  UnderWay: {
    NothingNew: promotes('Travelled', 'LastStop'),
    NewVersion: promotes('Travelled', 'LastStop'),
    ...departures('UnderWay'),
    ...gates('UnderWay'),
    StackFails: promotes('Travelled', 'StepOpen'),
    SourceUnsettled: promotes('Travelled', 'LastStop'),
  },
  LastStop: {
    NothingNew: promotes('Travelled', 'Arrived'),
    NewVersion: promotes('Travelled', 'Arrived'),
    ...departures('LastStop'),
    ...gates('LastStop'),
    StackFails: promotes('Travelled', 'StepOpen'),
    SourceUnsettled: promotes('Travelled', 'Arrived'),
  },
  StepOpen: {
    NothingNew: promotes('Resumed', 'UnderWay'),
    NewVersion: promotes('Resumed', 'UnderWay'),
    NotDue: promotes('Resumed', 'UnderWay'),
    Missed: promotes('Resumed', 'UnderWay'),
    ClockWentBack: promotes('Resumed', 'UnderWay'),
    ...gates('StepOpen'),
    StackFails: promotes('Resumed', 'StepOpen'),
    SourceUnsettled: promotes('Resumed', 'UnderWay'),
  },
  OutOfShape: always(waits('OutOfShape', 'OutOfShape')),
  Split: always(waits('StacksDisagree', 'Split')),
  Unreadable: always(waits('StackUnreadable', 'Unreadable')),
};

/** All states, in the table's order. */
export const TRAIN_STATES = Object.keys(TRAIN_TABLE) as readonly TrainState[];

/** All events, in the table's order. */
export const TRAIN_EVENTS = Object.keys(TRAIN_TABLE.Empty) as readonly TrainEvent[];

const cellText = (state: TrainState, { outcome, reason, next }: Expected): string => {
  const verdict = outcome === 'Promoted' ? `**${reason}**` : reason;
  return next === state ? verdict : `${verdict} → ${next}`;
};

/**
 * The table as Markdown, a row for each event: the reason that the stop concerned is given, bold where something is
 * promoted, and the state after it where that is another. Aligned as prettier aligns it, and without a line end.
 */
export const renderTrainTable = (): string => {
  const rows = [
    ['', ...TRAIN_STATES],
    ...TRAIN_EVENTS.map((event) => [event, ...TRAIN_STATES.map((state) => cellText(state, TRAIN_TABLE[state][event]))]),
  ];
  const widths = ['', ...TRAIN_STATES].map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
};
