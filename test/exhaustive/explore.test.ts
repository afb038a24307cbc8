/** The search itself: it finds every state, the shortest way to a broken law, and never calls complete what is not. */
import { describe, expect, it } from 'vitest';
import { explore, findConfusion, type Move, type Space } from './explore.ts';

/** A counter from 0 to `max` that steps up, steps back, or doubles. */
const counter = (max: number, own: Partial<Space<number>> = {}): Space<number> => ({
  initial: [0],
  successors: (n): readonly Move<number>[] =>
    [
      { step: 'up', to: n + 1 },
      { step: 'back', to: n - 1 },
      { step: 'double', to: 2 * n },
    ].filter(({ to }) => to >= 0 && to <= max),
  key: String,
  check: () => undefined,
  statesMax: 1_000,
  ...own,
});

describe('the search', () => {
  it('counts every state once, and every transition', () => {
    expect(explore(counter(4))).toEqual({ _tag: 'Complete', states: 5, transitions: 11, depth: 3 });
  });

  it('finds the shortest path to a state that breaks a law', () => {
    const check = (n: number) => (n === 6 ? { law: 'no six', detail: 'six' } : undefined);
    expect(explore(counter(9, { check }))).toMatchObject({
      _tag: 'Broken',
      violation: { law: 'no six' },
      path: ['start 1', 'up', 'up', 'up', 'double'],
    });
  });

  it('finds a step that breaks a law, though it leads to a known state', () => {
    const { successors } = counter(3);
    const spoilt = (n: number): readonly Move<number>[] =>
      [...successors(n)].map((move) =>
        n === 2 && move.step === 'back' ? { ...move, broken: { law: 'no way back', detail: '' } } : move,
      );
    expect(explore(counter(3, { successors: spoilt }))).toMatchObject({
      _tag: 'Broken',
      path: ['start 1', 'up', 'up', 'back'],
    });
  });

  it('says so where the bound is exceeded', () => {
    expect(explore(counter(2_000))).toMatchObject({ _tag: 'BoundExceeded', statesMax: 1_000 });
  });

  it('knows a key that tells every two states apart by what they lead to', () => {
    expect(findConfusion(counter(9))).toBeUndefined();
  });

  it('finds a key that forgets what matters', () => {
    expect(findConfusion(counter(9, { key: (n) => String(n % 2) }))).toContain('leads to');
  });
});
