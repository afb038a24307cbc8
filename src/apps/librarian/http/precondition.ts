/**
 * `If-Match`: somebody looked, decided, and wants what they decided to be done on what they saw or not at all.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { Answer } from './answer.ts';
import { problem } from './problem.ts';
import type { JsonSchema } from './shape.ts';

/** How the header looks. */
export const ifMatch: JsonSchema = {
  type: 'string',
  description: 'The `revision` that the request was decided on, in quotes: on any other it is refused.',
};

/** The tag that the header demands; none: whatever is there. Only one strong tag can be demanded. */
export const parseIfMatch = (
  header: string | undefined,
  isConditional: boolean,
): E.Either<Answer, O.Option<string>> => {
  if (header === undefined) return E.right(O.none);
  if (!isConditional)
    return E.left(problem('BadRequest', 'If-Match: nothing is decided on a revision here; leave it out'));
  if (header.trim() === '*') return E.right(O.none);
  const [, tag] = /^\s*"([!#-~]{1,128})"\s*$/.exec(header) ?? [];
  return tag === undefined
    ? E.left(problem('BadRequest', 'If-Match: expected one revision in quotes, as `revision` of an answer has it'))
    : E.right(O.some(tag));
};
