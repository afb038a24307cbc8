/** The Summoner's laws, held against whole lives of one node. */
import { test } from 'vitest';
import { SUMMONER_LAWS } from '../support/summoner-scenarios.ts';

test.each(SUMMONER_LAWS)('$name', (law) => {
  law.assert();
});
