/**
 * The release plan that Slack Engineering published on 23 October 2025.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import { decodeWith, formatFieldErrors } from '../../domain/decoding.ts';
import { ReleasePlan, type ReleasePlanJson } from '../../domain/release-plan.ts';

const DOCUMENT: ReleasePlanJson = {
  name: 'slack',
  stacks: ['basalt', 'ironstone'],
  stages: [
    { name: 'latest', kind: 'latest', environments: ['sandbox', 'dev'], every: '1h' },
    { name: 'canary', kind: 'canary', environments: ['prod-1'], follows: 'dev', every: '1h', offset: '30m' },
    {
      name: 'train',
      kind: 'train',
      environments: ['prod-2', 'prod-3', 'prod-4', 'prod-5', 'prod-6'],
      boards: 'prod-1',
      every: '1h',
      offset: '30m',
    },
  ],
  by_hand: ['ami-dev', 'ami-prod', 'prod'],
};

/**
 * The published plan: sandbox and dev on the hour, prod-1 after dev and the train from prod-2 to prod-6 at half past,
 * and three environments that only people promote.
 */
export const slackPlan = (): ReleasePlan => {
  const plan = decodeWith(ReleasePlan)(DOCUMENT);
  if (E.isLeft(plan)) throw new TypeError(formatFieldErrors(plan.left));
  return plan.right;
};
