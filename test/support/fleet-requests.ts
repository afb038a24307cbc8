/**
 * What a fleet asks of its bus, and what that costs: the figures in docs/s3-and-gcs.md, computed from the polling that the
 * Summoner does.
 *
 * @module
 */
import { pollingFor, pollsPerDeparture, type Timetable, timetableFor } from '../../src/domain/polling.ts';
import type { Departures } from '../../src/domain/schedule.ts';
import { DAY_MS, HOUR_MS, SECOND_MS } from '../../src/domain/time.ts';

/** A store, as far as its limits and its list price for reads go. */
export interface Store {
  readonly name: string;
  readonly usdPerMillionReads: number;
  /** What it takes from one partition of keys before it has scaled. */
  readonly readsPerSecond: number;
  /** What has to be doubled to take more. */
  readonly partition: string;
}

/** Standard storage in one region, the price as in us-east-1 and us-central1. */
export const STORES: readonly Store[] = [
  { name: 'S3', usdPerMillionReads: 0.4, readsPerSecond: 5_500, partition: 'prefixes' },
  { name: 'GCS', usdPerMillionReads: 0.4, readsPerSecond: 5_000, partition: 'buckets' },
];

const FLEETS = [10_000, 100_000, 1_000_000];

/** The departures of the published plan: every environment has one an hour. */
export const HOURLY: Departures = { everyMs: HOUR_MS, offsetMs: 0 };

/** The timetable that nodes poll by, with the defaults. */
export const timetable = (): Timetable => {
  const made = timetableFor(pollingFor(), HOURLY);
  if (made === undefined) throw new Error('expected a timetable for hourly departures');
  return made;
};

/** How one node polls. */
export interface PollingCost {
  readonly name: string;
  readonly pollsPerDay: number;
  /** From one poll to the next where they are closest, in milliseconds. */
  readonly closestMs: number;
}

/** The two ways to poll, with the defaults. */
export const pollings = (): readonly PollingCost[] => {
  const { pollEveryMs } = pollingFor();
  return [
    { name: 'every 60 s', pollsPerDay: DAY_MS / pollEveryMs, closestMs: pollEveryMs },
    {
      name: 'by the timetable',
      pollsPerDay: pollsPerDeparture(timetable()) * (DAY_MS / HOURLY.everyMs),
      closestMs: timetable().soonMs,
    },
  ];
};

/** Requests a second while polls are closest: each node has its own phase of the gap, so they are spread over it. */
export const peakPerSecond = (nodes: number, { closestMs }: PollingCost): number => nodes / (closestMs / SECOND_MS);

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const number = (value: number): string => grouped.format(value).replaceAll(',', ' ');
const usd = (value: number): string => `$${value.toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ' ')}`;

const DAYS_A_MONTH = 30;

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** Requests, money and partitions of fleets that poll either way, as a Markdown table. */
export const renderRequestTable = (): string => {
  const head = [
    'nodes',
    'polls',
    'requests a day',
    'a second, average',
    'a second, at most',
    ...STORES.map(({ name, usdPerMillionReads: price }) => `${name} a month at $${price.toFixed(2)} a million`),
    ...STORES.map(({ name, partition }) => `${name} ${partition}`),
  ];
  const rows = FLEETS.flatMap((nodes) =>
    pollings().map((polling) => {
      const perDay = nodes * polling.pollsPerDay;
      const peak = peakPerSecond(nodes, polling);
      return [
        number(nodes),
        polling.name,
        number(perDay),
        number(perDay / (DAY_MS / SECOND_MS)),
        number(peak),
        ...STORES.map(({ usdPerMillionReads: price }) => usd((perDay * DAYS_A_MONTH * price) / 1e6)),
        ...STORES.map(({ readsPerSecond }) => String(Math.ceil(peak / readsPerSecond))),
      ];
    }),
  );
  const rule = head.map((_cell, column) => (column === 1 ? '---' : '---:'));
  return [head, rule, ...rows].map(row).join('\n');
};

/** How large a fleet one partition serves, as a Markdown table. */
export const renderPartitionTable = (): string => {
  const head = ['', ...pollings().map(({ name }) => `nodes that poll ${name}`)];
  const rows = STORES.map(({ name, partition, readsPerSecond }) => [
    `one of ${name}'s ${partition}`,
    ...pollings().map(({ closestMs }) => number(readsPerSecond * (closestMs / SECOND_MS))),
  ]);
  const rule = head.map((_cell, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map(row).join('\n');
};
