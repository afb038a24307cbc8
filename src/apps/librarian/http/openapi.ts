/**
 * The OpenAPI document, made of the very routes and shapes that the server answers and decodes by.
 *
 * @module
 */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifySchema } from 'fastify';
import { answerJson } from './answer.ts';
import { idempotencyKey } from './idempotency.ts';
import { ifMatch } from './precondition.ts';
import { ref } from './reports.ts';
import { type GoodAnswer, type Route, route } from './route.ts';
import type { JsonSchema, Shape } from './shape.ts';

/** The bearer of a token, static or of the identity provider. */
const SECURITY = 'bearer';

const isShape = (u: unknown): u is Shape<unknown> => typeof u === 'object' && u !== null && 'codec' in u && 'json' in u;

const toJson = (part: unknown): unknown => (isShape(part) ? part.json : part);

const answerSchema = ({ description, schema, type = 'application/json' }: GoodAnswer): JsonSchema =>
  schema === undefined ? { description, type: 'null' } : { description, content: { [type]: { schema } } };

const PROBLEM_ANSWER: JsonSchema = {
  description: 'Anything else: what went wrong.',
  content: { 'application/problem+json': { schema: ref('Problem') } },
};

const hasFields = ({ json }: Shape<unknown>): boolean => Object.keys(json['properties'] ?? {}).length > 0;

const headersOf = ({ method, permission, isConditional }: Route): JsonSchema | undefined => {
  const properties = {
    ...(method === 'POST' && permission !== undefined ? { 'Idempotency-Key': idempotencyKey.json } : {}),
    ...(isConditional ? { 'If-Match': ifMatch } : {}),
  };
  return Object.keys(properties).length === 0 ? undefined : { type: 'object', properties };
};

/** What the framework is told of a route: how to decode its parts, and how they are described. */
export const schemaOf = (described: Route): FastifySchema => {
  const { operation, summary, permission, params, query, body, bodyKind, answers } = described;
  const headers = headersOf(described);
  const tarball = { content: { 'application/gzip': { schema: { type: 'string', format: 'binary' } } } };
  return {
    operationId: operation,
    summary,
    ...(permission === undefined
      ? { security: [] }
      : { description: `Needs the permission \`${permission}\`.`, security: [{ [SECURITY]: [] }] }),
    ...(hasFields(params) ? { params } : {}),
    querystring: query,
    ...(headers === undefined ? {} : { headers }),
    ...(bodyKind === 'Json' ? { body } : bodyKind === 'Tarball' ? { body: tarball } : {}),
    response: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerSchema(answer)])),
      default: PROBLEM_ANSWER,
    },
  };
};

/** How the document is made. */
export const openapiOptions = (version: string): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Signalbox Librarian',
      description: 'Artifacts, promotions, holds and rollbacks of one release plan.',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    components: {
      securitySchemes: {
        [SECURITY]: {
          type: 'http',
          scheme: 'bearer',
          description: 'A static token, or a JWT of the identity provider.',
        },
      },
    },
  },
  convertConstToEnum: false,
  transform: ({ schema, url }) => {
    const { params, querystring, body, ...rest } = schema;
    const parts = { params: toJson(params), querystring: toJson(querystring), body: toJson(body) };
    const present = Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined));
    return { schema: { ...rest, ...present }, url };
  },
  refResolver: {
    buildLocalReference: (json, _base, _fragment, i) => (typeof json['$id'] === 'string' ? json['$id'] : `schema-${i}`),
  },
});

/** The route that serves the document. */
export const openapiRoute = (document: () => object): Route =>
  route({
    method: 'GET',
    path: '/v1/openapi.json',
    operation: 'describe',
    summary: 'This document.',
    permission: undefined,
    answers: { 200: { description: 'An OpenAPI 3.1 document.', schema: { type: 'object' } } },
    handle: async () => answerJson(document()),
  });
