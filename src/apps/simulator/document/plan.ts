/**
 * The release plan of a scenario: one of its own, or the published one by its name.
 *
 * @module
 */
import * as t from 'io-ts';
import { ReleasePlan, type ReleasePlanJson } from '../../../domain/release-plan.ts';
import { slackPlan } from '../slack-plan.ts';

/** A release plan as a scenario document has it. */
export type PlanJson = ReleasePlanJson | 'slack';

/** Reads a plan, or the word `slack` as the published one; writes it in full. */
export const PlanField: t.Type<ReleasePlan, PlanJson> = new t.Type<ReleasePlan, PlanJson>(
  'a release plan',
  (u): u is ReleasePlan => ReleasePlan.is(u),
  (u, context) => {
    if (u === 'slack') return t.success(slackPlan());
    return typeof u === 'object' && u !== null
      ? ReleasePlan.validate(u, context)
      : t.failure(u, context, 'a release plan, or "slack"');
  },
  (plan) => ReleasePlan.encode(plan),
);
