import { expect } from 'vitest';
import type { Exploration } from './explore.ts';

const grouped = (count: number): string => String(count).replaceAll(/(?<=\d)(?=(?:\d{3})+$)/g, ' ');

/** One line that says how much was searched. */
export const describeExploration = (name: string, found: Exploration): string => {
  switch (found._tag) {
    case 'Complete':
      return `${name}: complete, ${grouped(found.states)} states, ${grouped(found.transitions)} transitions, depth ${found.depth}`;
    case 'Broken':
      return `${name}: ${found.violation.law} is broken: ${found.violation.detail}\n  ${found.path.join('\n  ')}`;
    case 'BoundExceeded':
      return `${name}: more than ${grouped(found.statesMax)} states; nothing is proven`;
  }
};

/** Expects a search to have come to its end without a broken law, after so many states at least; prints its counts. */
export const expectComplete = (name: string, found: Exploration, statesMin: number): void => {
  const line = describeExploration(name, found);
  console.log(line);
  expect(found._tag, line).toBe('Complete');
  expect(found._tag === 'Complete' ? found.states : 0, line).toBeGreaterThanOrEqual(statesMin);
};

/** Expects a search to have found `law` broken, on a path that says how. */
export const expectBroken = (name: string, found: Exploration, law: string): void => {
  const line = describeExploration(name, found);
  expect(found._tag === 'Broken' ? found.violation.law : found._tag, line).toBe(law);
  expect(found._tag === 'Broken' ? found.path.length : 0, line).toBeGreaterThan(1);
};
