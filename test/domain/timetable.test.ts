import { readFileSync } from 'node:fs';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { type Artifact, catalogueOf } from '../../src/domain/catalogue.ts';
import type { Pins } from '../../src/domain/pins.ts';
import { epochMs, MINUTE_MS, plus } from '../../src/domain/time.ts';
import { afterPromotions, decide, type TickView } from '../../src/domain/tick.ts';
import { EMPTY_MEMORY } from '../../src/domain/train-memory.ts';
import { environmentName, SLACK_PLAN, version } from '../support/slack.ts';

interface Timetable {
  readonly environments: readonly string[];
  readonly start: Readonly<Record<string, string>>;
  readonly artifacts: readonly { readonly version: string; readonly arrivesBefore: string }[];
  readonly departures: readonly { readonly at: string; readonly pins: Readonly<Record<string, string>> }[];
}

const timetable = JSON.parse(
  readFileSync(new URL('../vectors/slack-timetable.json', import.meta.url), 'utf8'),
) as Timetable;

/** X: a full hour. */
const START = epochMs(Date.UTC(2025, 6, 28, 2, 0));

const instantOf = (at: string) => {
  const [, hours, minutes] = /^X\+(\d+):(\d+)$/.exec(at) ?? [];
  return plus(START, (Number(hours) * 60 + Number(minutes)) * MINUTE_MS);
};

const pinsOf = (row: Readonly<Record<string, string>>): Pins =>
  new Map(
    Object.entries(row).map(([environment, pinned]) => [
      environmentName(environment),
      new Map(SLACK_PLAN.stacks.map((stack) => [stack, O.some(version(pinned))])),
    ]),
  );

const rowOf = (pins: Pins): Record<string, string> =>
  Object.fromEntries(
    [...pins].map(([environment, byStack]) => [
      environment,
      [...new Set([...byStack.values()].map((pin) => (O.isSome(pin) ? pin.value : 'none')))].join('|'),
    ]),
  );

const artifactsAt = (at: string): readonly Artifact[] =>
  timetable.artifacts
    .filter(({ arrivesBefore }) => instantOf(arrivesBefore) <= instantOf(at))
    .map((artifact) => ({ version: version(artifact.version), completeOn: SLACK_PLAN.stacks, rejected: false }));

describe('T1: the published timetable', () => {
  it('is what every environment is pinned to after every departure', () => {
    let view: TickView = {
      plan: SLACK_PLAN,
      pins: pinsOf(timetable.start),
      catalogue: catalogueOf(SLACK_PLAN.stacks, []),
      holds: [],
      memory: EMPTY_MEMORY,
      now: START,
    };
    const rows = timetable.departures.map(({ at }) => {
      view = { ...view, now: instantOf(at), catalogue: catalogueOf(SLACK_PLAN.stacks, artifactsAt(at)) };
      const decision = decide(view);
      view = { ...afterPromotions(view, decision.promotions), memory: decision.memory };
      return { at, pins: rowOf(view.pins) };
    });
    expect(rows).toEqual(timetable.departures);
  });
});
