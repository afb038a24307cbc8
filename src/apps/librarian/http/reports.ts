/**
 * The schemas of what the API answers: the reports of the command line, field for field.
 *
 * @module
 */
import { PROBLEM_SCHEMA } from './problem.ts';
import type { JsonSchema } from './shape.ts';

const TEXT: JsonSchema = { type: 'string' };
const INSTANT: JsonSchema = { type: 'string', format: 'date-time' };
const FLAG: JsonSchema = { type: 'boolean' };

const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });
const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
const mapOf = (values: JsonSchema): JsonSchema => ({ type: 'object', additionalProperties: values });

/** An object that has all of these fields and no other. */
export const closed = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties),
  properties,
});

const OUTCOME_FIELDS = {
  environment: TEXT,
  outcome: { type: 'string', enum: ['Promoted', 'UpToDate', 'Waiting'] },
  reason: { type: 'string', description: 'One word of a closed set.' },
  version: orNull(TEXT),
  retry_at: orNull({ ...INSTANT, description: 'When it can change, where that is known.' }),
  explanation: TEXT,
};

const INTENT_FIELDS = { id: TEXT, at: INSTANT, who: TEXT, what: TEXT, why: TEXT, details: { type: 'object' } };

const PINS: JsonSchema = {
  ...mapOf(orNull(TEXT)),
  description: 'Stack → version; null where nothing is pinned. A stack that cannot be read is absent.',
};

const SCOPE: JsonSchema = {
  oneOf: [
    closed({ _tag: { const: 'plan' } }),
    closed({ _tag: { const: 'stage' }, stage: TEXT }),
    closed({ _tag: { const: 'environment' }, environment: TEXT }),
    closed({ _tag: { const: 'stack' }, stack: TEXT }),
  ],
};

const HOLD = closed({ id: TEXT, scope: SCOPE, reason: TEXT, owner: TEXT, expires_at: orNull(INSTANT) });

const ARTIFACT = closed({
  version: TEXT,
  sha256: TEXT,
  size_bytes: { type: 'integer' },
  added_at: INSTANT,
  complete_on: listOf(TEXT),
  rejected: FLAG,
});

const STACK_TROUBLES = listOf(closed({ environment: TEXT, version: TEXT, stack: TEXT, detail: TEXT }));

const REVISION: JsonSchema = {
  type: 'string',
  description: 'Names the control state that this was read under; send it as If-Match to be refused on any other.',
};

/** Refers to the schema of that name. */
export const ref = (name: keyof typeof SCHEMAS): JsonSchema => ({ $ref: `${name}#` });

const refTo = (name: string): JsonSchema => ({ $ref: `${name}#` });

/** Every schema that several routes share, by its name. */
export const SCHEMAS = {
  Problem: PROBLEM_SCHEMA,
  Outcome: closed(OUTCOME_FIELDS),
  Hold: HOLD,
  Artifact: ARTIFACT,
  ShownArtifact: closed({
    version: TEXT,
    sha256: TEXT,
    size_bytes: { type: 'integer' },
    added_at: INSTANT,
    complete_on: listOf(TEXT),
    missing_on: listOf(TEXT),
    unknown_on: { ...listOf(TEXT), description: 'Stacks that do not answer.' },
    rejected: orNull(closed({ by: TEXT, reason: TEXT, at: INSTANT })),
    environments: listOf(closed({ environment: TEXT, stacks: listOf(TEXT) })),
    manifest: { type: 'object', description: 'What it says of itself.' },
  }),
  Upload: closed({
    version: TEXT,
    stack: TEXT,
    since: INSTANT,
    bytes_done: { type: 'integer' },
    bytes_total: { type: 'integer' },
    files_done: orNull({ type: 'integer' }),
    files_total: orNull({ type: 'integer' }),
  }),
  Environment: closed({ ...OUTCOME_FIELDS, pins: PINS }),
  Status: closed({
    at: INSTANT,
    revision: REVISION,
    next_departure: INSTANT,
    newest: orNull(TEXT),
    environments: listOf(refTo('Environment')),
    holds: listOf(refTo('Hold')),
    rejected: listOf(TEXT),
    uploads: listOf(refTo('Upload')),
  }),
  Tick: closed({ at: INSTANT, dry_run: FLAG, outcomes: listOf(refTo('Outcome')), troubles: STACK_TROUBLES }),
  Intervention: closed({
    promotions: listOf(
      closed({ environment: TEXT, version: TEXT, stacks: listOf(TEXT), failed: listOf(TEXT), reason: TEXT }),
    ),
    rejected: listOf(TEXT),
    troubles: STACK_TROUBLES,
  }),
  RunRequest: closed({ id: TEXT, stacks: listOf(TEXT), troubles: listOf(closed({ stack: TEXT, detail: TEXT })) }),
  OpenRunRequest: closed({
    id: TEXT,
    environment: TEXT,
    stacks: listOf(TEXT),
    nodes: orNull(listOf(TEXT)),
    splay: { type: 'integer' },
    requested_by: TEXT,
    reason: TEXT,
    issued: INSTANT,
    expires: INSTANT,
  }),
  Addition: closed({
    version: TEXT,
    sha256: TEXT,
    size_bytes: { type: 'integer' },
    is_new: FLAG,
    troubles: listOf(closed({ stack: TEXT, detail: TEXT })),
  }),
  Judgement: closed({ version: TEXT, rejected: FLAG }),
  Explanation: closed({
    ...OUTCOME_FIELDS,
    pins: PINS,
    revision: REVISION,
    history: { ...listOf(TEXT), description: 'What it was on before, the latest first.' },
    next: {
      description: 'The promotion that is expected next, if nobody intervenes and nothing fails.',
      ...orNull(closed({ version: TEXT, at: INSTANT, reason: TEXT })),
    },
  }),
  Forecast: closed({
    from: INSTANT,
    until: INSTANT,
    end: { type: 'string', enum: ['Settled', 'Horizon', 'LooksMax'] },
    environments: listOf(
      closed({
        environment: TEXT,
        pins: PINS,
        arrivals: listOf(closed({ version: TEXT, at: INSTANT, reason: TEXT, stacks: listOf(TEXT), whole: FLAG })),
        spans: listOf(
          closed({
            from: INSTANT,
            to: orNull(INSTANT),
            outcome: TEXT,
            reason: TEXT,
            version: orNull(TEXT),
            retry_at: orNull(INSTANT),
            explanation: TEXT,
          }),
        ),
      }),
    ),
    versions: listOf(
      closed({
        version: TEXT,
        everywhere_at: orNull(INSTANT),
        environments: listOf(
          closed({
            environment: TEXT,
            passage: TEXT,
            at: orNull(INSTANT),
            ends_at: orNull(TEXT),
            explanation: TEXT,
          }),
        ),
      }),
    ),
    holds: listOf(
      closed({
        id: TEXT,
        scope: TEXT,
        expires_at: orNull(INSTANT),
        bites: listOf(closed({ environment: TEXT, from: INSTANT, to: orNull(INSTANT) })),
      }),
    ),
  }),
  Readiness: closed({
    ready: FLAG,
    parts: closed({
      state: { type: 'string', enum: ['Ready', 'Damaged', 'Unavailable'] },
      bus: { type: 'string', enum: ['Ready', 'Unavailable'] },
    }),
  }),
  AuditRecord: {
    description:
      'What was about to be done, or not permitted; how what `of` announced has ended; or what cannot be read.',
    oneOf: [
      { ...closed(INTENT_FIELDS), properties: { ...INTENT_FIELDS, outcome: TEXT } },
      closed({ id: TEXT, at: INSTANT, of: TEXT, outcome: TEXT }),
      closed({ id: TEXT, unreadable: { const: true } }),
    ],
  },
} as const satisfies Readonly<Record<string, JsonSchema>>;
