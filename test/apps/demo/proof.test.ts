import { describe, expect, it } from 'vitest';
import { claimsOf, type Evidence } from '../../../src/apps/demo/proof.ts';
import { demoNodes, demoPlan, DEMO_START } from '../../../src/apps/demo/demo-plan.ts';
import { environmentsOf } from '../../../src/domain/release-plan.ts';
import { HOUR_MS, plus } from '../../../src/domain/time.ts';
import { environmentName, version } from '../../support/slack.ts';

const plan = demoPlan();
const [Z, A] = [version('1.0.0'), version('1.0.1')];

/** Evidence of one departure, at which A reached sandbox and dev, on eight nodes. */
const evidence = (change: Partial<Evidence> = {}): Evidence => ({
  plan,
  arrivals: [
    { version: Z, at: plus(DEMO_START, -HOUR_MS) },
    { version: A, at: plus(DEMO_START, -HOUR_MS / 4) },
  ],
  rows: [
    {
      at: DEMO_START,
      promoted: [],
      pins: new Map(environmentsOf(plan).map((name) => [name, name === 'sandbox' || name === 'dev' ? A : Z])),
    },
  ],
  nodes: demoNodes(plan, 16).map(({ node, environment }) => {
    const onDisk = environment === 'sandbox' || environment === 'dev' ? A : Z;
    return { node, environment, onDisk, everOnDisk: new Set<string>([Z, onDisk]) };
  }),
  figures: { runs: 1, failures: 0, fallbackRuns: 0, signalsAccepted: 1, dedups: 1, startPeak: 1, longestGapMs: 0 },
  windowMs: 12 * HOUR_MS,
  brokenSummoners: 0,
  healedSummoners: 0,
  ...change,
});

const broken = (change: Partial<Evidence>, hasBrokenRelease = false): readonly string[] =>
  claimsOf(evidence(change), hasBrokenRelease)
    .filter(({ holds }) => !holds)
    .map(({ claim }) => claim);

describe("the demo's claims", () => {
  it('hold for evidence that is as it should be', () => {
    expect(broken({})).toEqual([]);
  });

  it('each is broken by the evidence against it', () => {
    const [first] = evidence().nodes;
    const [row] = evidence().rows;
    if (first === undefined || row === undefined) throw new Error('there is no evidence');
    const pinsOf = new Map(row.pins).set(environmentName('prod-6'), A);
    const { figures } = evidence();
    expect(broken({ rows: [{ ...row, pins: pinsOf }] })).toContain(
      'after every departure the Chef servers held the pins that the timetable foretells',
    );
    expect(broken({ nodes: [{ ...first, onDisk: '' }] })).toEqual([
      'every node holds the files of the version that its environment is pinned to',
    ]);
    expect(broken({ nodes: [{ ...first, everOnDisk: new Set(['9.9.9']) }] })).toEqual([
      'no node was ever on a version that its environment never had',
    ]);
    expect(broken({ figures: { ...figures, longestGapMs: 14 * HOUR_MS } })).toHaveLength(1);
    expect(broken({ figures: { ...figures, fallbackRuns: 1 } })).toEqual([
      'the fallback was silent while the Summoners were healthy',
    ]);
    expect(broken({ brokenSummoners: 3, healedSummoners: 2 }, true)).toHaveLength(1);
    expect(broken({ rows: [] })).toHaveLength(3);
  });
});
