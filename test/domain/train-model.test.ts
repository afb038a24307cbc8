/**
 * The release train against its laws: random plans, random misfortune, and an oracle that looks at every decision.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Decider, Fleet, GENUINE } from '../support/fleet.ts';
import { propertyParameters } from '../support/property.ts';
import { fleetCommands, releasePlan, START_VERSION, startOf } from '../support/train-commands.ts';
import { TrainOracle } from '../support/train-oracle.ts';

const modelProperty = (people: boolean, decider: Decider, seen: Map<string, number>) =>
  fc.property(releasePlan, fc.boolean(), fleetCommands(people), (plan, isNew, commands) => {
    const fleet = new Fleet(plan, startOf(plan, isNew), decider);
    fleet.artifacts.set(START_VERSION, { version: START_VERSION, completeOn: plan.stacks, rejected: false });
    const oracle = new TrainOracle(fleet);
    fc.modelRun(() => ({ model: oracle, real: fleet }), commands);
    for (const [reason, count] of oracle.seen) seen.set(reason, (seen.get(reason) ?? 0) + count);
  });

describe('a fleet to which anything may happen', () => {
  test('T2 … T10, T13 … T15: while nobody lays hand on it', () => {
    const seen = new Map<string, number>();
    fc.assert(modelProperty(false, GENUINE, seen), propertyParameters({ numRuns: 150 }));
    expect([...seen.keys()].toSorted()).toEqual([
      'Boarded',
      'Followed',
      'Joined',
      'Resumed',
      'TookNewest',
      'Travelled',
    ]);
  });

  test('T2 … T5, T7 … T13: while people promote, roll back and move pins elsewhere', () => {
    const seen = new Map<string, number>();
    fc.assert(modelProperty(true, GENUINE, seen), propertyParameters({ numRuns: 150 }));
  });
});
