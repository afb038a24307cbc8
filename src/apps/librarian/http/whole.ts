import * as E from 'fp-ts/lib/Either.js';
import type { Failure } from '../../failure.ts';
import { type Answer, answerJson } from './answer.ts';
import { failureProblem } from './problem.ts';

/** A report of what may have left some stack behind. */
interface WithTroubles {
  readonly troubles: readonly { readonly detail: string }[];
}

/**
 * The answer of a request that is only done when every stack has done it: otherwise what was reported is what went wrong.
 * The next tick finishes it; so does the same request.
 */
export const answerWhole = <A extends WithTroubles>(
  result: E.Either<Failure, A>,
  toJson: (report: A) => object,
  good: (json: object) => Answer = answerJson,
): Answer => {
  if (E.isLeft(result)) return failureProblem(result.left);
  const { troubles } = result.right;
  const json = toJson(result.right);
  if (troubles.length === 0) return good(json);
  const detail = `${troubles.map((trouble) => trouble.detail).join('; ')}; trying again is right, and harmless`;
  return failureProblem({ _tag: 'TryAgain', detail }, { ...json });
};
