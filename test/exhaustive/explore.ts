/**
 * A breadth-first search of every state that can be reached: complete, not sampled. What it answers with a count is a
 * proof for the bounds that its caller drew; where the bound on states is met, it says so instead.
 *
 * @module
 */

/** A law that does not hold, and how. */
export interface Violation {
  /** Its name in SPEC.md. */
  readonly law: string;
  readonly detail: string;
}

/** Something that can happen in a state. */
export interface Move<State> {
  /** A step of the path, for people. */
  readonly step: string;
  readonly to: State;
  /** What is wrong with the step itself, whatever state it leads to. */
  readonly broken?: Violation | undefined;
}

/** What is searched. */
export interface Space<State> {
  readonly initial: readonly State[];
  readonly successors: (state: State) => Iterable<Move<State>>;
  /** The same text for two states means that no law and no successor tells them apart. */
  readonly key: (state: State) => string;
  /** What is wrong with a state. */
  readonly check: (state: State) => Violation | undefined;
  /** The search gives up beyond so many states, and says so. */
  readonly statesMax: number;
}

/** What a search came to. */
export type Exploration =
  /** Every state that can be reached was looked at, and no law is broken. */
  | {
      readonly _tag: 'Complete';
      readonly states: number;
      readonly transitions: number;
      /** The longest of the shortest paths. */
      readonly depth: number;
    }
  /** A law is broken, and no shorter path breaks one. */
  | {
      readonly _tag: 'Broken';
      readonly violation: Violation;
      readonly path: readonly string[];
      readonly states: number;
      readonly transitions: number;
    }
  /** There are more states than `statesMax`: nothing has been proven. */
  | { readonly _tag: 'BoundExceeded'; readonly statesMax: number; readonly transitions: number };

/** Searches `space` from its initial states on, the nearer states before the farther ones. */
export const explore = <State>({ initial, successors, key, check, statesMax }: Space<State>): Exploration => {
  const known = new Set<string>();
  // Side by side, by the number of a state: how it was first reached. Initial states have no parent.
  const parents: number[] = [];
  const steps: string[] = [];
  const depths: number[] = [];
  // States that are expanded are let go; only how they were reached is kept.
  let frontier: (readonly [number, State])[] = [];
  let transitions = 0;

  const pathTo = (state: number): readonly string[] => {
    const path: string[] = [];
    for (let at = state; at !== -1; at = parents[at] ?? -1) path.push(steps[at] ?? '');
    return path.reverse();
  };
  const broken = (violation: Violation, path: readonly string[]): Exploration => ({
    _tag: 'Broken',
    violation,
    path,
    states: known.size,
    transitions,
  });
  const discover = (state: State, parent: number, step: string, into: (readonly [number, State])[]) => {
    const name = key(state);
    if (known.has(name)) return undefined;
    known.add(name);
    const number = parents.push(parent) - 1;
    steps.push(step);
    depths.push(parent === -1 ? 0 : (depths[parent] ?? 0) + 1);
    into.push([number, state]);
    const violation = check(state);
    return violation === undefined ? undefined : broken(violation, pathTo(number));
  };

  for (const [i, state] of initial.entries()) {
    const found = discover(state, -1, `start ${i + 1}`, frontier);
    if (found !== undefined) return found;
  }
  while (frontier.length > 0) {
    const next: (readonly [number, State])[] = [];
    for (const [number, state] of frontier) {
      for (const { step, to, broken: violation } of successors(state)) {
        transitions++;
        if (violation !== undefined) return broken(violation, [...pathTo(number), step]);
        const found = discover(to, number, step, next);
        if (found !== undefined) return found;
        if (known.size > statesMax) return { _tag: 'BoundExceeded', statesMax, transitions };
      }
    }
    frontier = next;
  }
  return { _tag: 'Complete', states: known.size, transitions, depth: depths.at(-1) ?? 0 };
};

/**
 * Two states that have the same key and not the same future: then the key forgets what matters, and a search by it is
 * not complete. Looks at every state that is one step from those that {@link explore} expands.
 *
 * @returns their key, and what only one of them leads to; nothing where the key is sound.
 */
export const findConfusion = <State>({ initial, successors, key, check }: Space<State>): string | undefined => {
  const futures = new Map<string, string>();
  const futureOf = (state: State, moves: readonly Move<State>[]): string =>
    [check(state)?.law ?? 'well', ...moves.map(({ step, to }) => `${step} -> ${key(to)}`).sort()].join('\n');
  const open: (readonly Move<State>[])[] = [];
  const confusionOf = (state: State): string | undefined => {
    const name = key(state);
    const moves = [...successors(state)];
    const future = futureOf(state, moves);
    const known = futures.get(name);
    if (known !== undefined && known !== future) return `${name}\nleads to\n${known}\nand to\n${future}`;
    if (known === undefined) {
      futures.set(name, future);
      open.push(moves);
    }
    return undefined;
  };
  for (const state of initial) {
    const found = confusionOf(state);
    if (found !== undefined) return found;
  }
  for (let moves = open.pop(); moves !== undefined; moves = open.pop()) {
    for (const { to } of moves) {
      const found = confusionOf(to);
      if (found !== undefined) return found;
    }
  }
  return undefined;
};
