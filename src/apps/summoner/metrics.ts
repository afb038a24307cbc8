/**
 * What a collector reads of a Summoner, in Prometheus's text format, made by hand: the agent's memory counts on every
 * node. Labels are closed sets, but for the two versions, each of which one series at a time tells.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { RunCause } from '../../domain/node-state.ts';
import type { NodeStatus } from '../../domain/node-status.ts';
import type { RunOutcome } from '../../domain/run-outcome.ts';
import type { Observation } from '../../domain/summoner.ts';
import { type EpochMs, SECOND_MS } from '../../domain/time.ts';

/** The media type of the text. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const POLL_OUTCOMES: readonly Observation['_tag'][] = [
  'Fresh',
  'Unchanged',
  'Missing',
  'Denied',
  'Unavailable',
  'Malformed',
];

const RUN_CAUSES: readonly RunCause['_tag'][] = ['NewVersion', 'Request', 'Floor', 'FirstRun', 'RunNow', 'Upgraded'];

const RUN_OUTCOMES: readonly RunOutcome['_tag'][] = ['Succeeded', 'Failed'];

type Labels = Readonly<Record<string, string>>;

const labelled = (name: string, labels: Labels): string => {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
};

/** Counts by a label, or by several. */
interface Counter {
  readonly add: (labels: Labels, by?: number) => void;
  readonly samples: () => readonly Sample[];
}

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** What is not there before it happens first cannot be seen to rise. */
const counterOf = (known: readonly Labels[]): Counter => {
  const counts = new Map<string, { readonly labels: Labels; value: number }>();
  const add: Counter['add'] = (labels, by = 1) => {
    const key = labelled('', labels);
    const count = counts.get(key);
    if (count === undefined) counts.set(key, { labels, value: by });
    else count.value += by;
  };
  for (const labels of known) add(labels, 0);
  return { add, samples: () => [...counts.values()] };
};

/** What a process counts of its Summoner. */
export interface SummonerTally {
  readonly polled: (outcome: Observation['_tag']) => void;
  readonly ran: (cause: RunCause['_tag'], outcome: string) => void;
  readonly refused: (refusal: string) => void;
  /** All metrics as text. */
  readonly text: (status: NodeStatus) => string;
}

const secondsOf = (instant: EpochMs): number => instant / SECOND_MS;

const secondsOr0 = (instant: O.Option<EpochMs>): number => (O.isSome(instant) ? secondsOf(instant.value) : 0);

const flag = (is: boolean): number => (is ? 1 : 0);

const only = (value: number): readonly Sample[] => [{ labels: {}, value }];

const infoOf = (version: string | undefined): readonly Sample[] =>
  version === undefined ? [] : [{ labels: { version }, value: 1 }];

/** Counts from zero, in a process that started at `startedAt`. */
export const summonerTally = (startedAt: EpochMs): SummonerTally => {
  const polls = counterOf(POLL_OUTCOMES.map((outcome) => ({ outcome })));
  const runs = counterOf(RUN_CAUSES.flatMap((cause) => RUN_OUTCOMES.map((outcome) => ({ cause, outcome }))));
  const refusals = counterOf([]);

  const families = (status: NodeStatus): readonly (readonly [string, string, string, readonly Sample[]])[] => {
    const { action, reason, bus, pending, disabled } = status;
    const pendingVersion = O.toUndefined(pending);
    const disabledUntil = O.isSome(disabled) ? secondsOf(disabled.value.until) : 0;
    return [
      ['start_timestamp_seconds', 'gauge', 'When this process started.', only(secondsOf(startedAt))],
      [
        'polls_total',
        'counter',
        'Polls of the bus that were answered or failed, by what they showed.',
        polls.samples(),
      ],
      [
        'last_poll_timestamp_seconds',
        'gauge',
        'When the last poll was answered or failed; 0 for none yet.',
        only(secondsOr0(bus.last_poll)),
      ],
      ['bus_failures', 'gauge', 'Polls in a row that got no answer.', only(bus.failures)],
      ['refused_signals_total', 'counter', 'Signals that were refused, by why.', refusals.samples()],
      ['runs_total', 'counter', 'Runs that ended, by what they were for and how they ended.', runs.samples()],
      [
        'last_success_timestamp_seconds',
        'gauge',
        'When the last successful run ended, the fallback included; 0 for never.',
        only(secondsOr0(status.last_success)),
      ],
      [
        'last_attempt_timestamp_seconds',
        'gauge',
        'When the last run started; 0 for never.',
        only(secondsOr0(status.last_attempt)),
      ],
      ['failures', 'gauge', 'Runs that failed since the last success.', only(status.failures)],
      [
        'applied_info',
        'gauge',
        'The version of the last success: 1 for that.',
        infoOf(O.toUndefined(status.applied_version)),
      ],
      [
        'pending_info',
        'gauge',
        'The version that is signalled and not applied: 1 for that; absent where there is none.',
        infoOf(pendingVersion?.version),
      ],
      [
        'pending_seen_timestamp_seconds',
        'gauge',
        'When the pending version was seen; 0 for none.',
        only(pendingVersion === undefined ? 0 : secondsOf(pendingVersion.seen)),
      ],
      [
        'pending_gave_up',
        'gauge',
        'Whether the attempts at the pending version are used up.',
        only(flag(pendingVersion?.gave_up === true)),
      ],
      ['running', 'gauge', 'Whether a run is under way.', only(flag(O.isSome(status.running)))],
      ['decision', 'gauge', 'What the node does, and why: 1 for that.', [{ labels: { action, reason }, value: 1 }]],
      [
        'next_start_timestamp_seconds',
        'gauge',
        'When the next run starts as things stand; 0 for not known.',
        only(secondsOr0(status.next_start)),
      ],
      ['disabled', 'gauge', 'Whether a person disabled the node.', only(flag(O.isSome(disabled)))],
      ['disabled_until_timestamp_seconds', 'gauge', 'When the disabling ends; 0 for none.', only(disabledUntil)],
      ['reboot_pending', 'gauge', 'Whether the last success asked for a reboot.', only(flag(status.reboot_pending))],
      ['state_stored', 'gauge', 'Whether the disk has the state as it is.', only(flag(status.state_stored))],
    ];
  };

  return {
    polled: (outcome) => polls.add({ outcome }),
    ran: (cause, outcome) => runs.add({ cause, outcome }),
    refused: (refusal) => refusals.add({ refusal }),
    text: (status) =>
      families(status)
        .filter(([, , , samples]) => samples.length > 0)
        .map(([name, type, help, samples]) => {
          const full = `signalbox_summoner_${name}`;
          const lines = samples.map(({ labels, value }) => `${labelled(full, labels)} ${value}\n`).join('');
          return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines}`;
        })
        .join(''),
  };
};
