/** The plan and the worked example that Slack Engineering published on 23 October 2025, as the tests use them. */
import * as E from 'fp-ts/lib/Either.js';
import { decodeWith, formatFieldErrors } from '../../src/domain/decoding.ts';
import { EnvironmentName, nameFromLiteral, NodeName, StackName, Version } from '../../src/domain/names.ts';
import { ReleasePlan, type ReleasePlanJson } from '../../src/domain/release-plan.ts';

export const stackName = nameFromLiteral(StackName);
export const environmentName = nameFromLiteral(EnvironmentName);
export const nodeName = nameFromLiteral(NodeName);
export const version = nameFromLiteral(Version);

export const SLACK_PLAN_JSON: ReleasePlanJson = {
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

/** Decodes a plan that the test wrote down; a fault in it is the test's. */
export const planOf = (json: ReleasePlanJson): ReleasePlan => {
  const plan = decodeWith(ReleasePlan)(json);
  if (E.isLeft(plan)) throw new Error(formatFieldErrors(plan.left));
  return plan.right;
};

export const SLACK_PLAN = planOf(SLACK_PLAN_JSON);
