/** The Summoner under everything at once; see test/support/summoner-model.ts for what that is. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { propertyParameters } from '../support/property.ts';
import { summonerModel } from '../support/summoner-model.ts';

test('N1 to N14: through any life a node runs only for what it owes, in time, and comes to rest where it should', () => {
  const sightings = new Map<string, number>();
  fc.assert(summonerModel(sightings), propertyParameters({ numRuns: 200 }));
  expect([...sightings.keys()].toSorted()).toEqual([
    'FirstRun',
    'Floor',
    'NewVersion',
    'Request',
    'RunNow',
    'Upgraded',
  ]);
});
