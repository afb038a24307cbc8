import { readFileSync } from 'node:fs';
import * as O from 'fp-ts/lib/Option.js';
import { EnvironmentName, nameFromLiteral, NodeName, StackName, Version } from '../../src/domain/names.ts';
import { EMPTY_NODE_STATE } from '../../src/domain/node-state.ts';
import { policyFor, startingBus, step, type SummonerEvent } from '../../src/domain/summoner.ts';
import { epochMs, MINUTE_MS, plus } from '../../src/domain/time.ts';
import { compareOperations } from './compare.ts';
import type { Section } from './section.ts';

/** Two hours of polls, a minute apart: what a healthy node decides, again and again. */
const POLLS = 120;

/** One decision of the Summoner after a poll that showed nothing new. */
export const summonerStep: Section = {
  name: 'summoner-step',
  what: 'Summoner step',
  alternative: 'JSON.parse of the published signal',
  goal: { _tag: 'PerSecondAtLeast', perSecond: 3_000_000 },
  measure: async (effort) => {
    const start = epochMs(1_767_571_200_000);
    const policy = policyFor({
      stack: nameFromLiteral(StackName)('basalt'),
      environment: nameFromLiteral(EnvironmentName)('prod-1'),
      node: nameFromLiteral(NodeName)('web-0001.example.com'),
    });
    const node = {
      ...EMPTY_NODE_STATE,
      lastSuccess: O.some(start),
      applied: O.some(nameFromLiteral(Version)('20250728.1753666491.0')),
    };
    const instants = Array.from({ length: POLLS }, (_, i) => plus(start, i * MINUTE_MS));
    const polled: SummonerEvent = { _tag: 'Observed', observation: { _tag: 'Unchanged' } };
    const text = readFileSync(new URL('../vectors/slack-signal.json', import.meta.url), 'utf8');
    let state = { node, bus: startingBus(policy, start) };
    let nth = 0;
    return compareOperations(
      {
        ours: () => {
          nth = (nth + 1) % POLLS;
          ({ state } = step(policy, state, polled, instants[nth] ?? start));
          return state;
        },
        alternative: () => JSON.parse(text) as unknown,
      },
      effort,
    );
  },
};
