import * as O from 'fp-ts/lib/Option.js';
import { catalogueOf } from '../../src/domain/catalogue.ts';
import type { Pins } from '../../src/domain/pins.ts';
import { environmentsOf, type ReleasePlanJson } from '../../src/domain/release-plan.ts';
import { decide, type TickView } from '../../src/domain/tick.ts';
import { epochMs } from '../../src/domain/time.ts';
import { EMPTY_MEMORY } from '../../src/domain/train-memory.ts';
import { planOf, version } from '../support/slack.ts';
import { compareOperations } from './compare.ts';
import type { Section } from './section.ts';

const STACKS = 50;
/** Ten chains of dev, canary and a train of eight stops each. */
const CHAINS = 10;
const STOPS = 8;

const DOCUMENT: ReleasePlanJson = {
  name: 'large',
  stacks: Array.from({ length: STACKS }, (_, n) => `stack-${n}`),
  stages: Array.from({ length: CHAINS }, (_, n) => n).flatMap((n) => [
    { name: `latest-${n}`, kind: 'latest' as const, environments: [`dev-${n}`], every: '1h' },
    { name: `canary-${n}`, kind: 'canary' as const, environments: [`canary-${n}`], follows: `dev-${n}`, every: '1h' },
    {
      name: `train-${n}`,
      kind: 'train' as const,
      environments: Array.from({ length: STOPS }, (_unused, stop) => `prod-${n}-${stop}`),
      boards: `canary-${n}`,
      every: '1h',
    },
  ]),
};

/** Noon, at which everything departs: every train is half way from the first version to the second. */
const viewAtNoon = (): TickView => {
  const plan = planOf(DOCUMENT);
  const [older, newer] = [version('1.0.1'), version('1.0.2')];
  const pins: Pins = new Map(
    environmentsOf(plan).map((environment) => {
      const pin = O.some(/-[4-7]$/.test(environment) && environment.startsWith('prod') ? older : newer);
      return [environment, new Map(plan.stacks.map((stack) => [stack, pin]))];
    }),
  );
  const artifacts = [older, newer].map((one) => ({ version: one, completeOn: plan.stacks, rejected: false }));
  const catalogue = catalogueOf(plan.stacks, artifacts);
  return { plan, pins, catalogue, holds: [], memory: EMPTY_MEMORY, now: epochMs(1_767_614_400_000) };
};

/** One tick of a plan of fifty stacks and a hundred environments. */
export const largeTick: Section = {
  name: 'large-tick',
  what: 'tick over 50 stacks × 100 environments',
  alternative: 'JSON.parse of the 5000 pins that it decides on',
  measure: async (effort) => {
    const view = viewAtNoon();
    const { promotions } = decide(view);
    if (promotions.length !== CHAINS) throw new Error(`expected ${CHAINS} promotions, got ${promotions.length}`);
    const text = JSON.stringify(
      [...view.pins].map(([environment, on]) => [
        environment,
        [...on].map(([stack, pin]) => [stack, O.toNullable(pin)]),
      ]),
    );
    return compareOperations({ ours: () => decide(view), alternative: () => JSON.parse(text) as unknown }, effort);
  },
};
