/**
 * What goes wrong, as RFC 9457 has it: a closed set of kinds, each with its status.
 *
 * @module
 */
import { type FieldError, formatFieldErrors } from '../../../domain/decoding.ts';
import { formatInstant } from '../../../domain/time.ts';
import { type Failure, formatFailure } from '../../failure.ts';
import { type Answer, PROBLEM_JSON } from './answer.ts';
import type { JsonSchema } from './shape.ts';

/** The kinds of problems: the status of each, and what it says to people whatever the case. */
export const PROBLEMS = {
  BadRequest: [400, 'The request cannot be read'],
  Unauthenticated: [401, 'Nobody knows who is asking'],
  NotPermitted: [403, 'It is not permitted'],
  NotFound: [404, 'There is no such thing'],
  TooSlow: [408, 'The request took too long to arrive'],
  Refused: [409, 'A law refuses it'],
  UnderWay: [409, 'The same request is under way'],
  Stale: [412, 'What it was decided on has changed since'],
  TooLarge: [413, 'The body is too large'],
  WrongType: [415, 'The body is of a type that is not taken here'],
  BadData: [422, 'The request is not of the form it must have'],
  KeyReused: [422, 'The idempotency key belongs to another request'],
  TooMany: [429, 'Too many requests'],
  HeadersTooLarge: [431, 'The header is too large'],
  Damaged: [500, 'A stored document is damaged'],
  Defect: [500, 'The Librarian failed'],
  Unavailable: [503, 'A part does not answer'],
  TryAgain: [503, 'It is not done; the same request again is right, and harmless'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

/** A kind of problem. */
export type ProblemKind = keyof typeof PROBLEMS;

/** `NotPermitted` is `urn:signalbox:problem:not-permitted`. */
const typeOf = (kind: ProblemKind): string =>
  `urn:signalbox:problem:${kind.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase()}`;

/** What a problem may carry beyond what every problem has; the report of what was done in part, for one. */
export type ProblemExtension = Readonly<Record<string, unknown>>;

/** Answers that something went wrong. */
export const problem = (
  kind: ProblemKind,
  detail: string,
  extension: ProblemExtension = {},
  headers: Answer['headers'] = {},
): Answer => {
  const [status, title] = PROBLEMS[kind];
  return {
    status,
    type: PROBLEM_JSON,
    headers,
    body: JSON.stringify({ type: typeOf(kind), title, status, detail, ...extension }),
  };
};

/** Answers that a request's fields are not of the form that they must have. */
export const fieldProblem = (errors: readonly FieldError[]): Answer =>
  problem('BadData', formatFieldErrors(errors), { errors });

/** Answers why an app could not do what it was asked, with the law's reason where a law refused. */
export const failureProblem = (failure: Failure, extension: ProblemExtension = {}): Answer => {
  const refusal =
    failure._tag === 'Refused'
      ? {
          reason: failure.reason,
          ...(failure.retryAt === undefined ? {} : { retry_at: formatInstant(failure.retryAt) }),
        }
      : {};
  return problem(failure._tag, formatFailure(failure), { ...extension, ...refusal });
};

const STATUS_KINDS: Readonly<Record<number, ProblemKind>> = {
  404: 'NotFound',
  408: 'TooSlow',
  413: 'TooLarge',
  415: 'WrongType',
  429: 'TooMany',
  431: 'HeadersTooLarge',
};

/** Answers what the framework refused with `status`. */
export const refusalProblem = (status: number, detail: string): Answer =>
  problem(STATUS_KINDS[status] ?? 'BadRequest', detail);

/** The schema of every problem. */
export const PROBLEM_SCHEMA: JsonSchema = {
  type: 'object',
  description: 'What went wrong, as RFC 9457 has it.',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: {
      type: 'string',
      enum: (Object.keys(PROBLEMS) as ProblemKind[]).map(typeOf),
      description: 'The kind of problem.',
    },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'What, and the way out, for people.' },
    reason: { type: 'string', description: 'Why a law refuses it: one word of a closed set.' },
    permission: { type: 'string', description: 'What the credentials do not permit.' },
    retry_at: { type: 'string', format: 'date-time', description: 'When to try again, where that is known.' },
    errors: {
      type: 'array',
      description: 'What is wrong with which field.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['field', 'expected', 'got'],
        properties: { field: { type: 'string' }, expected: { type: 'string' }, got: { type: 'string' } },
      },
    },
  },
};
