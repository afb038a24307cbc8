/**
 * The shapes of the fields that requests are made of.
 *
 * @module
 */
import * as t from 'io-ts';
import { Person, Reason } from '../../../domain/control-state.ts';
import { boundedInteger, refinedText } from '../../../domain/decoding.ts';
import { ScopeField } from '../../../domain/forecast-request.ts';
import { boundedDuration, InstantField } from '../../../domain/json-fields.ts';
import { EnvironmentName, Slug, StackName, Version } from '../../../domain/names.ts';
import { boundedList, NODE_PATTERNS_MAX, NodePattern, SPLAY_SECONDS_MAX } from '../../../domain/signal.ts';
import { DAY_MS } from '../../../domain/time.ts';
import { REQUEST_OPEN_MS_MAX, REQUEST_OPEN_MS_MIN } from '../request-run.ts';
import { type JsonSchema, shape } from './shape.ts';

/** A name as {@link Version} and its like have it; `dotted` ones have no two dots in a row. */
const nameSchema = (description: string, punctuation: string, lengthMax: number): JsonSchema => ({
  type: 'string',
  description,
  maxLength: lengthMax,
  pattern: `^(?!.*\\.\\.)[A-Za-z0-9][A-Za-z0-9${punctuation}]*$`,
});

const CONTROLS = '\\u0000-\\u001f\\u007f-\\u009f';

/** A version of an artifact. */
export const version = shape(Version, nameSchema('A version of an artifact.', '_+.\\-', 128));
/** An environment. */
export const environment = shape(EnvironmentName, nameSchema('An environment of the plan.', '_\\-', 64));
/** A stack. */
export const stack = shape(StackName, nameSchema('A stack of the plan.', '_\\-', 64));
/** The name of a hold. */
export const holdId = shape(Slug, nameSchema('The name of a hold.', '_.\\-', 64));
/** The name of a stage that is a train. */
export const train = shape(Slug, nameSchema('A train: a stage of the plan with stops.', '_.\\-', 64));

/** Why. */
export const reason = shape(Reason, {
  type: 'string',
  description: 'Why; it goes into the audit trail.',
  maxLength: 1024,
  pattern: `^(?=[\\s\\S]*\\S)[^${CONTROLS}]+$`,
});

/** Who. */
export const person = shape(Person, {
  type: 'string',
  description: 'Who to ask.',
  maxLength: 256,
  pattern: `^[^${CONTROLS}]*$`,
});

/** How long runs are spread. */
export const splay = shape(boundedInteger('splay in seconds', 0, SPLAY_SECONDS_MAX), {
  type: 'integer',
  description: 'Spread the runs over so many seconds; absent: as the stage says.',
  minimum: 0,
  maximum: SPLAY_SECONDS_MAX,
});

/** An instant. */
export const instant = shape(InstantField, { type: 'string', format: 'date-time', description: 'RFC 3339.' });

/** The name of a run request. */
export const requestId = shape(Slug, nameSchema('The name of a run request.', '_.\\-', 64));

/** Which nodes a run request means. */
export const nodePatterns = shape(boundedList(NodePattern, NODE_PATTERNS_MAX), {
  type: 'array',
  description: 'Names of nodes, or globs with * and ?; absent: all of the environment.',
  maxItems: NODE_PATTERNS_MAX,
  items: { type: 'string', pattern: '^[A-Za-z0-9_.*?-]{1,253}$' },
});

/** How long a run request is open. */
export const openFor = shape(boundedDuration(REQUEST_OPEN_MS_MIN, REQUEST_OPEN_MS_MAX), {
  type: 'string',
  description: 'Start nothing after so long, from `1m` to `28d`; absent: `4h`.',
  pattern: '^(?:[0-9]+(?:ms|s|m|h|d))+$',
});

/** What a hold stops. */
export const scope = shape(ScopeField, {
  description: 'What a hold stops: `plan`, `stage:NAME`, `environment:NAME` or `stack:NAME`.',
  anyOf: [
    { type: 'string', pattern: '^(?:plan$|stage:|environment:|stack:)' },
    { type: 'object', required: ['_tag'] },
  ],
});

/** A forecast over HTTP looks at most so far, in milliseconds: who wants to look further has the command. */
export const HORIZON_MS_MAX = 31 * DAY_MS;

/** How far a forecast looks. */
export const horizon = shape(boundedDuration(1, HORIZON_MS_MAX), {
  type: 'string',
  description: 'How far to look, such as `36h`.',
  pattern: '^(?:[0-9]+(?:ms|s|m|h|d))+$',
});

/** A page has at most so many items. */
export const PAGE_ITEMS_MAX = 200;
/** A page has so many items unless somebody says otherwise. */
export const PAGE_ITEMS_DEFAULT = 50;

const isPageSize = (text: string): boolean => /^[1-9][0-9]{0,2}$/.test(text) && Number(text) <= PAGE_ITEMS_MAX;

const EXPECTED_PAGE_SIZE = `an integer from 1 to ${PAGE_ITEMS_MAX}`;

/** How many items a page has. */
export const pageSize = shape(
  new t.Type<number, number>(
    'limit',
    t.number.is,
    (u, context) =>
      typeof u === 'string' && isPageSize(u) ? t.success(Number(u)) : t.failure(u, context, EXPECTED_PAGE_SIZE),
    t.identity,
  ),
  { type: 'integer', minimum: 1, maximum: PAGE_ITEMS_MAX, description: 'How many items at most.' },
);

/** Where a page begins. */
export const cursor = shape(
  refinedText<string>('cursor', 'a cursor, as the `next` of an answer gave it', (text) =>
    /^[A-Za-z0-9_-]{1,512}$/.test(text),
  ),
  { type: 'string', pattern: '^[A-Za-z0-9_-]{1,512}$', description: 'Where the page begins: the `next` of an answer.' },
);
