/**
 * The figures in docs/s3-and-gcs.md are those of the polling that nodes do. `SIGNALBOX_UPDATE_SPEC=1` writes them anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NodeName } from '../../src/domain/names.ts';
import { pollAfter, pollingFor, type Timetable } from '../../src/domain/polling.ts';
import { DAY_MS, type EpochMs, epochMs, plus, SECOND_MS } from '../../src/domain/time.ts';
import {
  peakPerSecond,
  pollings,
  renderPartitionTable,
  renderRequestTable,
  timetable,
} from '../support/fleet-requests.ts';

const PAGE = new URL('../../docs/s3-and-gcs.md', import.meta.url);

const between = (name: string): RegExp => new RegExp(`(<!-- begin: ${name} -->\\n)([\\s\\S]*?)(<!-- end: ${name} -->)`);

describe('docs/s3-and-gcs.md', () => {
  it.each([
    ['request table', renderRequestTable],
    ['partition table', renderPartitionTable],
  ])('holds the %s that is computed', (name, render) => {
    const page = readFileSync(PAGE, 'utf8');
    const expected = `\n${render()}\n\n`;
    if (process.env['SIGNALBOX_UPDATE_SPEC'] === '1') {
      writeFileSync(
        PAGE,
        page.replace(between(name), (_all, begin: string, _old, end: string) => begin + expected + end),
      );
    } else {
      expect(between(name).exec(page)?.[2]).toBe(expected);
    }
  });
});

/** A midnight, when a departure of every hourly schedule is due. */
const MIDNIGHT = epochMs(20_000 * DAY_MS);

/** The instants from `MIDNIGHT` on, before `untilMs` have passed, at which a node polls. */
const pollsOf = (node: NodeName, by: Timetable | undefined, untilMs: number): readonly EpochMs[] => {
  const polls: EpochMs[] = [];
  let at = plus(MIDNIGHT, -1);
  while ((at = pollAfter(node, pollingFor(), by, at)) < plus(MIDNIGHT, untilMs)) polls.push(at);
  return polls;
};

const nodes = (count: number): readonly NodeName[] =>
  Array.from({ length: count }, (_none, index) => `node-${index}.example.com`).filter((name) => NodeName.is(name));

describe.each([
  ['every 60 s', undefined],
  ['by the timetable', timetable()],
])('nodes that poll %s', (name, by) => {
  const cost = pollings().find((polling) => polling.name === name);
  if (cost === undefined) throw new Error(`no polling ${name}`);

  it('poll as often a day as the tables say', () => {
    for (const node of nodes(50)) expect(pollsOf(node, by, DAY_MS)).toHaveLength(cost.pollsPerDay);
  });

  it('poll no more often together, just after a departure, than the tables say', () => {
    const fleet = nodes(20_000);
    const perSecond = new Map<number, number>();
    for (const node of fleet) {
      const [poll = MIDNIGHT, ...more] = pollsOf(node, by, cost.closestMs);
      expect(more).toEqual([]);
      const second = Math.floor((poll - MIDNIGHT) / SECOND_MS);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    const expected = peakPerSecond(fleet.length, cost);
    expect(perSecond.size).toBe(cost.closestMs / SECOND_MS);
    // Phases are as good as random: five standard deviations.
    expect(Math.max(...perSecond.values())).toBeLessThan(expected + 5 * Math.sqrt(expected));
  });
});
