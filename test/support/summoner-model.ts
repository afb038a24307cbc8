/**
 * The Summoner under everything at once: fast-check commands that do to one node whatever can be done to it, in any
 * order, while a {@link Referee} watches; then the world goes quiet, and the node has to come to rest where it should.
 *
 * @module
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeNodeState } from '../../src/domain/node-state.ts';
import type { Signal } from '../../src/domain/signal.ts';
import type { SummonerPolicy } from '../../src/domain/summoner.ts';
import { DAY_MS, epochMs, HOUR_MS, MINUTE_MS, plus, SECOND_MS } from '../../src/domain/time.ts';
import { type Ending, exits, type KillPoint, NodeHarness, type Outage, type Step } from './node-harness.ts';
import { identityOf, OTHER_ENVIRONMENT, OTHER_STACK, requestOf, signalOf, START, timestampAt } from './node-signals.ts';
import { clockStepArbitrary, failureArbitrary, policyArbitrary } from './summoner-scenarios.ts';
import { Referee } from './summoner-referee.ts';

/** The node, and what its bus has carried so far, for replays. */
interface World {
  readonly harness: NodeHarness;
  readonly history: Signal[];
}

interface Act {
  readonly tell: string;
  readonly perform: (world: World) => void;
}

class ActCommand implements fc.Command<Referee, World> {
  readonly #act: Act;

  constructor(act: Act) {
    this.#act = act;
  }

  check(): boolean {
    return true;
  }

  run(_referee: Referee, world: World): void {
    this.#act.perform(world);
  }

  toString(): string {
    return this.#act.tell;
  }
}

const act = <T>(name: string, data: fc.Arbitrary<T>, perform: (world: World, data: T) => void): fc.Arbitrary<Act> =>
  data.map((value) => ({
    tell: `${name}(${JSON.stringify(value)})`,
    perform: (world) => perform(world, value),
  }));

const SPLAY_SECONDS_MAX_HERE = 7_200;

const requestArbitrary = fc.record({
  id: fc.nat(5).map((id) => `r-${id}`),
  expiresInMs: fc.constantFrom(-SECOND_MS, 10 * MINUTE_MS, 6 * HOUR_MS, 3 * DAY_MS),
  splaySeconds: fc.constantFrom(0, 60, 1_800),
  nodes: fc.constantFrom<readonly string[] | undefined>(undefined, ['web-*'], ['db-*'], ['*-1*', '*7'], []),
});

const usually = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const publish = act(
  'publish',
  fc.record({
    version: fc.nat(4).map((patch) => `1.0.${patch}`),
    offsetMs: fc.oneof(
      { weight: 6, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: -DAY_MS, max: 2 * HOUR_MS }) },
    ),
    splaySeconds: fc.constantFrom(0, 15, 600, SPLAY_SECONDS_MAX_HERE),
    ttlInMs: usually(28 * DAY_MS, -SECOND_MS, 10 * MINUTE_MS),
    uploadComplete: usually(true, false),
    stack: usually<'own' | 'other'>('own', 'other'),
    environment: usually<'none' | 'other'>('none', 'other'),
    departures: usually(HOUR_MS, 0, 10 * MINUTE_MS),
    requests: fc.uniqueArray(requestArbitrary, { maxLength: 3, selector: ({ id }) => id }),
  }),
  (
    { harness, history },
    { version, offsetMs, splaySeconds, ttlInMs, uploadComplete, stack, environment, departures, requests },
  ) => {
    const signal = signalOf({
      version,
      timestamp: timestampAt(harness.now, offsetMs),
      splaySeconds,
      ttlEpochSeconds: Math.max(Math.floor((harness.now + ttlInMs) / SECOND_MS), 0),
      uploadComplete,
      ...(departures > 0 ? { departures: { everyMs: departures, offsetMs: MINUTE_MS } } : {}),
      ...(stack === 'other' ? { stack: OTHER_STACK } : {}),
      ...(environment === 'other' ? { environment: OTHER_ENVIRONMENT } : {}),
      runRequests: requests.map(({ id, expiresInMs, splaySeconds: requestSplay, nodes }) =>
        requestOf({
          id,
          expiresAt: plus(harness.now, expiresInMs),
          splaySeconds: requestSplay,
          ...(nodes === undefined ? {} : { nodes }),
        }),
      ),
    });
    history.push(signal);
    harness.publish(signal);
  },
);

const republish = act('publishAgain', fc.nat(50), ({ harness, history }, nth) => {
  const signal = history[nth % Math.max(history.length, 1)];
  if (signal !== undefined) harness.publish(signal);
});

const complete = act('completeUpload', fc.constant(null), ({ harness, history }) => {
  const last = history.at(-1);
  if (last === undefined) return;
  const signal = { ...last, manifestRecord: { ...last.manifestRecord, uploadComplete: true } };
  history.push(signal);
  harness.publish(signal);
});

const pass = act(
  'pass',
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 2 * MINUTE_MS }) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 2 * HOUR_MS }) },
    { weight: 1, arbitrary: fc.integer({ min: HOUR_MS, max: 13 * HOUR_MS }) },
  ),
  ({ harness }, durationMs) => harness.pass(durationMs),
);

const endingArbitrary: fc.Arbitrary<Ending> = fc.record({
  durationMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 * MINUTE_MS })),
  end: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(0, 0, 0, 35, 37, 213).map((code) => exits(code).end) },
    { weight: 2, arbitrary: failureArbitrary },
  ),
});

const endings = act('nextRuns', fc.array(endingArbitrary, { minLength: 1, maxLength: 6 }), ({ harness }, list) =>
  harness.endings.push(...list),
);

const allRuns = act('allRuns', endingArbitrary, ({ harness }, ending) => {
  harness.ending = ending;
});

const downArbitrary = fc.constantFrom(0, SECOND_MS, 30 * MINUTE_MS, 5 * HOUR_MS);

const killAt = act(
  'killAt',
  fc.tuple(fc.constantFrom<KillPoint>('BeforeStore', 'BeforeStart', 'BeforeEndIsTaken'), downArbitrary),
  ({ harness }, [point, downMs]) => harness.killAt(point, downMs),
);

const kill = act('kill', downArbitrary, ({ harness }, downMs) => harness.kill(downMs).pass(0));

const outage = act(
  'outage',
  fc.constantFrom<Outage | undefined>(undefined, 'Missing', 'Denied', 'Unavailable', 'Malformed'),
  ({ harness }, how) => harness.setOutage(how),
);

const setClock = act('setClock', fc.tuple(clockStepArbitrary, fc.boolean()), ({ harness }, [byMs, watched]) =>
  harness.setClock(byMs, watched),
);

const boot1970 = act('setClockTo1970', fc.boolean(), ({ harness }, watched) =>
  harness.setClock(HOUR_MS - harness.now, watched),
);

const repairClock = act('repairClock', fc.boolean(), ({ harness }, watched) =>
  harness.setClock(START + harness.elapsedMs - harness.now, watched),
);

const suspend = act('suspend', fc.integer({ min: SECOND_MS, max: 3 * DAY_MS }), ({ harness }, durationMs) =>
  harness.suspend(durationMs),
);

const disable = act(
  'disable',
  fc.tuple(fc.integer({ min: 1, max: 20 * HOUR_MS }), fc.boolean()),
  ({ harness }, [forMs, floorToo]) =>
    harness.disable({ reason: 'maintenance', owner: 'ops', until: plus(harness.now, forMs), floorToo }),
);

const enable = act('enable', fc.constant(null), ({ harness }) => harness.enable());
const runNow = act('runNow', fc.constant(null), ({ harness }) => harness.tell({ _tag: 'RunNowAsked' }));

const fallback = act('fallbackSucceeded', fc.integer({ min: -HOUR_MS, max: 20 * HOUR_MS }), ({ harness }, agoMs) =>
  harness.tell({ _tag: 'FallbackSucceeded', at: plus(harness.now, -agoMs) }),
);

const damage = act('damageState', fc.nat(200), ({ harness }, length) =>
  harness.kill().replaceStored(harness.stored.slice(0, length)).start(),
);

const clone = act('cloneImage', fc.constant(null), ({ harness }) => {
  const { node } = harness;
  const text = encodeNodeState({ identity: identityOf('the-image'), state: node, unknownFields: {} });
  harness.kill().replaceStored(text).start();
});

const actArbitrary = fc.oneof(
  { weight: 10, arbitrary: pass },
  { weight: 8, arbitrary: publish },
  { weight: 2, arbitrary: republish },
  { weight: 1, arbitrary: complete },
  { weight: 3, arbitrary: endings },
  { weight: 2, arbitrary: allRuns },
  { weight: 3, arbitrary: killAt },
  { weight: 3, arbitrary: kill },
  { weight: 2, arbitrary: outage },
  { weight: 1, arbitrary: setClock },
  { weight: 1, arbitrary: boot1970 },
  { weight: 1, arbitrary: repairClock },
  { weight: 1, arbitrary: suspend },
  { weight: 2, arbitrary: disable },
  { weight: 2, arbitrary: enable },
  { weight: 2, arbitrary: runNow },
  { weight: 1, arbitrary: fallback },
  { weight: 1, arbitrary: damage },
  { weight: 1, arbitrary: clone },
);

/** The bus is well, nobody interferes any more, and every run succeeds. */
const calmDown = (harness: NodeHarness): void => {
  harness.endings.length = 0;
  harness.ending = exits(0, 5 * SECOND_MS);
  harness.disarm().setOutage().start().enable();
};

/** The longest that a node may take from there to its target: to see it, to wait for it, to make up for a failure. */
const restMs = ({ pollIdleMs, backoff, catchUpSplaySeconds, clockToleranceMs }: SummonerPolicy): number =>
  (Math.max(SPLAY_SECONDS_MAX_HERE, catchUpSplaySeconds) + catchUpSplaySeconds) * SECOND_MS +
  2 * Math.max(pollIdleMs, backoff.capMs) +
  clockToleranceMs +
  30 * MINUTE_MS;

/** From any state that can be reached: on the newest version believed, and then at least one run in every window. */
const mustComeToRest = ({ policy, ...world }: World & { readonly policy: SummonerPolicy }, referee: Referee): void => {
  const { harness } = world;
  calmDown(harness);
  const rest = () => {
    // A signal from ahead of a clock that was set back may come of age meanwhile; then it has its own time to rest.
    let target;
    do {
      ({ target } = referee);
      harness.pass(restMs(policy));
    } while (target !== referee.target);
  };
  rest();
  rest();
  // The last attempt may have been under way when all became well.
  assert(referee.hasGivenUp || referee.isOnTarget, `liveness: the node is not on ${referee.target} when all is well`);
  harness.pass(policy.windowMs);
  rest();
  rest();
  assert(referee.isOnTarget, `liveness: the node is not on ${referee.target} a whole window after all was well`);
  const before = harness.successes.length;
  harness.pass(3 * policy.windowMs);
  assert(harness.successes.length - before >= 2, 'liveness: not one run in every window');
};

/** What the model saw of the Summoner: how many runs of each cause. */
export type Sightings = Map<string, number>;

const modelProperty = (step: Step | undefined, sightings: Sightings) =>
  fc.property(
    policyArbitrary,
    fc.boolean(),
    fc.commands([actArbitrary.map((one) => new ActCommand(one))], { maxCommands: 40, size: '+1' }),
    (policy, bootsIn1970, commands) => {
      const referee = new Referee(policy);
      const harness = new NodeHarness({
        policy,
        witness: referee.witness,
        startAt: bootsIn1970 ? epochMs(HOUR_MS) : START,
        ...(step === undefined ? {} : { step }),
      });
      harness.start();
      const world: World = { harness, history: [] };
      fc.modelRun(() => ({ model: referee, real: world }), commands);
      mustComeToRest({ ...world, policy }, referee);
      for (const [tag, count] of referee.seen) sightings.set(tag, (sightings.get(tag) ?? 0) + count);
    },
  );

/** The model, held against the real step or another. */
export const summonerModel = (sightings: Sightings = new Map(), step?: Step) => modelProperty(step, sightings);
