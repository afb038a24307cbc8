/**
 * The demo's fleet: the eight environments of the published example on two stacks, and the nodes in them.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import { decodeWith, formatFieldErrors } from '../../domain/decoding.ts';
import { nameFromLiteral, NodeName, type StackName } from '../../domain/names.ts';
import type { Assignment } from '../../domain/assignment.ts';
import { environmentsOf, ReleasePlan, type ReleasePlanJson } from '../../domain/release-plan.ts';
import { type EpochMs, epochMs } from '../../domain/time.ts';

/** X of the published timetable: a full hour, 2026-01-05T00:00:00Z. */
export const DEMO_START: EpochMs = epochMs(1_767_571_200_000);

const PLAN: ReleasePlanJson = {
  name: 'demo',
  stacks: ['basalt', 'ironstone'],
  stages: [
    { name: 'latest', kind: 'latest', environments: ['sandbox', 'dev'], every: '1h', splay: 300 },
    {
      name: 'canary',
      kind: 'canary',
      environments: ['prod-1'],
      follows: 'dev',
      every: '1h',
      offset: '30m',
      splay: 300,
    },
    {
      name: 'train',
      kind: 'train',
      environments: ['prod-2', 'prod-3', 'prod-4', 'prod-5', 'prod-6'],
      boards: 'prod-1',
      every: '1h',
      offset: '30m',
      splay: 900,
    },
  ],
};

/** The demo's release plan. */
export const demoPlan = (): ReleasePlan => {
  const plan = decodeWith(ReleasePlan)(PLAN);
  if (E.isLeft(plan)) throw new TypeError(formatFieldErrors(plan.left));
  return plan.right;
};

/** `count` nodes, spread evenly over stacks and environments. */
export const demoNodes = (plan: ReleasePlan, count: number): readonly Assignment[] => {
  const places = environmentsOf(plan).flatMap((environment) =>
    plan.stacks.map((stack: StackName) => ({ stack, environment })),
  );
  return Array.from({ length: count }, (_, i) => {
    const place = places[i % places.length];
    if (place === undefined) throw new TypeError('a plan has places');
    const number = String(Math.floor(i / places.length) + 1).padStart(2, '0');
    return { ...place, node: nameFromLiteral(NodeName)(`${place.environment}-${place.stack}-${number}`) };
  });
};
