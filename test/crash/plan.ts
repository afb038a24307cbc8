/**
 * What happens to a node in a crash campaign, round by round: what it is asked, and when its daemon is killed.
 *
 * @module
 */
import fc from 'fast-check';

/** When the daemon of a round is killed. */
export type KillAt =
  /** So much of a usual life after its start: 1 is about when it has nothing left to do. */
  | { readonly _tag: 'Share'; readonly share: number }
  /** So soon after the `nth` thing that it does to its directory: most of what can be torn is torn there. */
  | { readonly _tag: 'Write'; readonly nth: number; readonly afterUs: number };

/** One life of the daemon. */
export interface Round {
  /** Published before it starts: a new version, and the splay of its signal in seconds. */
  readonly publish: { readonly splaySeconds: number } | undefined;
  /** Somebody asks every node of the environment for a run, by a signal. */
  readonly isRunRequested: boolean;
  /** Somebody on the node asks for a run. */
  readonly isRunNowAsked: boolean;
  readonly killAt: KillAt;
}

const usually = <A>(times: number, of: number, arbitrary: fc.Arbitrary<A>): fc.Arbitrary<A | undefined> =>
  fc.oneof({ weight: times, arbitrary }, { weight: of - times, arbitrary: fc.constant(undefined) });

const killAt: fc.Arbitrary<KillAt> = fc.oneof(
  fc.record({ _tag: fc.constant('Share' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({
    _tag: fc.constant('Write' as const),
    nth: fc.integer({ min: 1, max: 24 }),
    afterUs: fc.integer({ min: 0, max: 3_000 }),
  }),
);

const round: fc.Arbitrary<Round> = fc.record({
  publish: usually(4, 10, fc.record({ splaySeconds: fc.constantFrom(0, 1, 3) })),
  isRunRequested: fc.integer({ min: 0, max: 9 }).map((drawn) => drawn === 0),
  isRunNowAsked: fc.integer({ min: 0, max: 9 }).map((drawn) => drawn === 0),
  killAt,
});

/** The rounds of a campaign; the same of the same seed. */
export const roundsOf = (seed: number, kills: number): readonly Round[] =>
  kills === 0 ? [] : fc.sample(fc.noBias(round), { seed, numRuns: kills });
