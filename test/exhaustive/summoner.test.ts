/**
 * One Summoner against its laws in every state that it can reach within small bounds: three signals in order, a run
 * request, a disabling, runs that end as they like, a bus that answers what it likes, and an agent that dies between any
 * two of its steps. Each row of the table is searched to its end.
 */
import { describe, expect, test } from 'vitest';
import { BROKEN_SUMMONERS } from '../support/broken-summoners.ts';
import { explore, findConfusion } from './explore.ts';
import { expectBroken, expectComplete } from './report.ts';
import { type SummonerBounds, SummonerWorld } from './summoner-space.ts';

/** More than any of the searches needs: beyond it one is not small any more. */
const STATES_MAX = 400_000;

/** What is searched, and how many states it has at least: one that has fewer looks at less than it says. */
const SEARCHES: readonly (SummonerBounds & { readonly statesMin: number })[] = [
  { name: 'one signal, runs of up to two seconds', signals: 1, seconds: 2, upgrades: true, statesMin: 8_000 },
  { name: 'two signals and replays', signals: 2, replays: true, upgrades: true, statesMin: 15_000 },
  { name: 'three signals and replays', signals: 3, replays: true, statesMin: 45_000 },
  { name: 'a request', signals: 1, request: true, upgrades: true, statesMin: 15_000 },
  { name: 'a request, carried on or withdrawn', signals: 2, request: true, isOld: true, statesMin: 60_000 },
  { name: 'a disabling', signals: 1, disablings: 1, upgrades: true, statesMin: 30_000 },
  { name: 'a disabling, two signals', signals: 2, disablings: 1, isOld: true, statesMin: 20_000 },
  { name: 'a disabling and a request', signals: 1, disablings: 1, request: true, isOld: true, statesMin: 30_000 },
  { name: 'a run that somebody asks for', signals: 1, runNows: 1, upgrades: true, statesMin: 12_000 },
];

describe('every state of one Summoner', () => {
  test.each(SEARCHES)('N1, N2, N3, N4, N5, N6, N7, N8, N9, N10, N11, N13, N14: $name', (search) => {
    const { statesMin, ...bounds } = search;
    expectComplete(bounds.name, explore(new SummonerWorld(bounds).space(STATES_MAX)), statesMin);
  });
});

describe('the states of one Summoner', () => {
  const bounds: readonly SummonerBounds[] = [
    { name: 'two signals', signals: 2, replays: true, isOld: true },
    { name: 'a request', signals: 1, request: true },
    { name: 'a disabling', signals: 1, disablings: 1, isOld: true },
  ];
  test.each(bounds)('have the same future where they are taken for one: $name', (one) => {
    expect(findConfusion(new SummonerWorld(one).space(STATES_MAX))).toBeUndefined();
  });
});

/** Small bounds in which a control can go wrong. */
const FIELDS = {
  signals: { name: 'signals', signals: 2, replays: true, upgrades: true },
  request: { name: 'request', signals: 1, request: true },
  requests: { name: 'requests', signals: 2, request: true, isOld: true },
  disabled: { name: 'disabled', signals: 1, disablings: 1 },
  asked: { name: 'asked', signals: 1, runNows: 1, upgrades: true },
} satisfies Readonly<Record<string, SummonerBounds>>;

/** Where the controls of the Summoner's other tests go wrong, by their names, and the law that finds them there. */
const CAUGHT: readonly (readonly [name: string, law: string, field: keyof typeof FIELDS])[] = [
  ['draws the splay anew when it restarts', 'N2', 'signals'],
  ['takes up to twice the splay', 'N2', 'signals'],
  ['begins the splay anew with every newer signal', 'N2', 'signals'],
  ['forgets what was applied', 'N1', 'signals'],
  ['believes replays', 'N4', 'signals'],
  ['retries without bound', 'N7', 'signals'],
  ['retries at once', 'N7', 'signals'],
  ['lets the backoff of a version keep the floor from running', 'N6', 'signals'],
  ['comes too late with the floor', 'N6', 'signals'],
  ['comes too early with the floor', 'N6', 'signals'],
  ['takes a failure for a success', 'N7', 'signals'],
  ['runs an upgraded client again and again', 'N14', 'signals'],
  ['applies the version when the run starts', 'N7', 'signals'],
  ['drops what is pending when it restarts', 'N8', 'signals'],
  ['drops run requests when it restarts', 'N11', 'request'],
  ['loses what a person asked for when it is killed in that run', 'N8', 'asked'],
  ['takes a run for done that was cut short with the agent', 'N7', 'signals'],
  ['forgets a signal that arrived during a run', 'N8', 'signals'],
  ['follows every run up with another for the same version, when that was signalled again meanwhile', 'N1', 'signals'],
  ['runs although it is disabled', 'N10', 'disabled'],
  ['takes every disabling for one of the floor too', 'N6', 'disabled'],
  ['forgets what came while it was disabled', 'N8', 'disabled'],
  ['runs for expired requests', 'N11', 'request'],
  ['forgets the requests that it has run for', 'N11', 'requests'],
  ['ignores requests for a version that is applied', 'N11', 'request'],
  ['takes a bus that is gone for a reason not to run the floor', 'N6', 'signals'],
  ['starts a second run beside the first', 'N13', 'asked'],
];

describe('controls', () => {
  test.each(CAUGHT)('a Summoner that %s is found by %s', (name, law, field) => {
    const broken = BROKEN_SUMMONERS.find((one) => one.name === name);
    expect(broken).toBeDefined();
    expectBroken(name, explore(new SummonerWorld(FIELDS[field], broken?.step, law).space(STATES_MAX)), law);
  });
});
