import { readFileSync } from 'node:fs';
import * as O from 'fp-ts/lib/Option.js';
import { catalogueOf } from '../../src/domain/catalogue.ts';
import { decide } from '../../src/domain/tick.ts';
import { epochMs, MINUTE_MS, plus } from '../../src/domain/time.ts';
import { EMPTY_MEMORY } from '../../src/domain/train-memory.ts';
import { environmentName, SLACK_PLAN, version } from '../support/slack.ts';
import { compareOperations } from './compare.ts';
import type { Section } from './section.ts';

/** A train under way, as in the published timetable after X+3:30. */
const PINS: Readonly<Record<string, string>> = {
  sandbox: 'D',
  dev: 'D',
  'prod-1': 'D',
  'prod-2': 'A',
  'prod-3': 'A',
  'prod-4': 'A',
  'prod-5': 'A',
  'prod-6': 'Z',
};

/** One tick of every minute of an hour: most are between departures, some are due. */
const MINUTES = 60;

/** One tick of the release train, for the published plan on two stacks. */
export const trainTick: Section = {
  name: 'train-tick',
  what: 'train tick',
  alternative: 'JSON.parse of the published signal',
  goal: { _tag: 'PerSecondAtLeast', perSecond: 200_000 },
  measure: async (effort) => {
    const { stacks } = SLACK_PLAN;
    const start = epochMs(1_767_571_200_000);
    const artifacts = ['A', 'B', 'C', 'D', 'E', 'Z'].map((name) => ({
      version: version(name),
      completeOn: stacks,
      rejected: false,
    }));
    const views = Array.from({ length: MINUTES }, (_, minute) => ({
      plan: SLACK_PLAN,
      pins: new Map(
        Object.entries(PINS).map(([environment, pinned]) => [
          environmentName(environment),
          new Map(stacks.map((stack) => [stack, O.some(version(pinned))])),
        ]),
      ),
      catalogue: catalogueOf(stacks, artifacts),
      holds: [],
      memory: EMPTY_MEMORY,
      now: plus(start, minute * MINUTE_MS),
    }));
    const text = readFileSync(new URL('../vectors/slack-signal.json', import.meta.url), 'utf8');
    let nth = 0;
    return compareOperations(
      {
        ours: () => {
          nth = (nth + 1) % MINUTES;
          const view = views[nth];
          return view === undefined ? undefined : decide(view);
        },
        alternative: () => JSON.parse(text) as unknown,
      },
      effort,
    );
  },
};
