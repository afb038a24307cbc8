/** What running a case showed, when it did not throw. */
export type ContractVerdict =
  | { readonly _tag: 'Kept' }
  /** The case needs a hook that the harness does not offer; a runner should say that it was skipped, and why. */
  | { readonly _tag: 'NotApplicable'; readonly reason: string };

/** One thing that every adapter of a port must do. Cases are independent of each other, and may run in any order. */
export interface ContractCase {
  /** What is held, for the name of a test. */
  readonly name: string;
  /** Sets up a harness, tries the adapter, and tears the harness down; rejects when the adapter breaks the contract. */
  readonly run: () => Promise<ContractVerdict>;
}

/** What every harness has. */
export interface Harness {
  /** Puts away what was set up. Called once, also when the case failed. */
  readonly tearDown: () => Promise<void>;
}

/** The body of a case: rejects when the law is broken, and answers what is missing when it cannot tell. */
export type Law<H extends Harness> = (harness: H) => Promise<ContractVerdict | undefined>;

const KEPT: ContractVerdict = { _tag: 'Kept' };

/** The answer of a case that needs `hook`. */
export const withoutHook = (hook: string): ContractVerdict => ({
  _tag: 'NotApplicable',
  reason: `the harness has no ${hook}`,
});

/** The cases that hold `laws`, each under its own harness. */
export const casesOf = <H extends Harness>(
  setUp: () => Promise<H>,
  laws: Readonly<Record<string, Law<H>>>,
): readonly ContractCase[] =>
  Object.entries(laws).map(([name, law]) => ({
    name,
    run: async () => {
      const harness = await setUp();
      try {
        return (await law(harness)) ?? KEPT;
      } finally {
        await harness.tearDown();
      }
    },
  }));

/** Fails unless `answer` has one of the `tags`; what it is otherwise stands in the message. */
export const assertTag = <A extends { readonly _tag: string }, T extends A['_tag']>(
  answer: A,
  ...tags: readonly T[]
): Extract<A, { readonly _tag: T }> => {
  const isExpected = (a: A): a is Extract<A, { readonly _tag: T }> => (tags as readonly string[]).includes(a._tag);
  if (isExpected(answer)) return answer;
  throw new Error(`expected ${tags.join(' or ')}, got ${JSON.stringify(answer).slice(0, 500)}`);
};

const OTHER_HANDLES = 3;

/**
 * Deals out ways to what a harness offers: writer 0 has its own, the others share a few that `another` opened, as some
 * processes with several writers each would.
 */
export const handles = <H extends Harness, A>(
  own: (harness: H) => A,
  another: (harness: H) => (() => A) | undefined,
): ((harness: H, writer: number) => A) => {
  const opened = new WeakMap<H, Map<number, A>>();
  return (harness, writer) => {
    const open = another(harness);
    const n = writer % (OTHER_HANDLES + 1);
    if (n === 0 || open === undefined) return own(harness);
    const known = opened.get(harness) ?? new Map<number, A>();
    opened.set(harness, known);
    const handle = known.get(n) ?? open();
    known.set(n, handle);
    return handle;
  };
};
