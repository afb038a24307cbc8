/**
 * The API as its own description has it: every answer to a request that a test makes is held against the OpenAPI document,
 * and one that the document does not foresee fails the test.
 */
import SwaggerParser from '@apidevtools/swagger-parser';
import fastify, { type FastifyInstance, type InjectOptions, type LightMyRequestResponse } from 'fastify';
import { librarianServer } from '../../src/apps/librarian/http/server.ts';
import type { HttpOptions } from '../../src/apps/librarian/http/http-options.ts';
import type { LibrarianPorts } from '../../src/apps/librarian/librarian-ports.ts';

interface Described {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

/** What a test reads of an OpenAPI document. */
export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Described>> }>>>
  >;
}

/** Says what is wrong with a value; nothing where all is well. */
type Validate = (value: unknown) => string | undefined;

/** Validates values by JSON Schemas with what the framework brings along, but forgivingly of nothing. */
export const schemaValidators = async (): Promise<(schema: object) => Validate> => {
  const strict = { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: true, strict: false };
  const judge = fastify({ ajv: { customOptions: strict } });
  judge.post('/', { schema: { body: { type: 'object' } } }, () => undefined);
  await judge.ready();
  const { validatorCompiler } = judge;
  if (validatorCompiler === undefined) throw new Error('the framework brings no validator along');
  const compiled = new Map<object, Validate>();
  return (schema) => {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    const check = validatorCompiler({ schema, method: 'POST', url: '/', httpPart: 'body' });
    const validate: Validate = (value) =>
      (check(value) as boolean) ? undefined : JSON.stringify((check as { readonly errors?: unknown }).errors);
    compiled.set(schema, validate);
    return validate;
  };
};

/** The template of the document that `path` follows: one without parameters before one with. */
const templateOf = (document: OpenApi, path: string): string | undefined =>
  Object.keys(document.paths)
    .toSorted((a, b) => a.split('{').length - b.split('{').length)
    .find((template) => new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path));

/** A server whose answers are checked. */
export interface CheckedApi {
  readonly server: FastifyInstance;
  readonly document: OpenApi;
  readonly inject: (request: InjectOptions & { readonly url: string }) => Promise<LightMyRequestResponse>;
  readonly close: () => Promise<void>;
}

interface Description {
  readonly document: OpenApi;
  readonly validatorOf: (schema: object) => Validate;
}

let description: Promise<Description> | undefined;

/** What the first server says of itself; every other one would say the same. */
const describe = async (server: FastifyInstance): Promise<Description> => {
  const described = await server.inject({ url: '/v1/openapi.json' });
  const dereferenced: unknown = await SwaggerParser.dereference(described.json());
  return { document: dereferenced as OpenApi, validatorOf: await schemaValidators() };
};

/** Starts a server on `ports`, without a socket. */
export const checkedApi = async (ports: LibrarianPorts, options: Partial<HttpOptions> = {}): Promise<CheckedApi> => {
  const server = librarianServer(ports, options);
  description ??= describe(server);
  const { document, validatorOf } = await description;

  const check = ({ method = 'GET', url }: { method?: string; url: string }, answer: LightMyRequestResponse): void => {
    const template = templateOf(document, new URL(url, 'http://localhost').pathname);
    if (template === undefined) return;
    const operation = document.paths[template]?.[method.toLowerCase()];
    if (operation === undefined) return;
    const response = operation.responses[String(answer.statusCode)] ?? operation.responses['default'];
    const type = (answer.headers['content-type'] ?? '').split(';')[0] ?? '';
    const name = `${method} ${template} ${answer.statusCode}`;
    if (response === undefined) throw new Error(`${name}: the document has no such answer`);
    if (response.content === undefined) {
      if (answer.body !== '') throw new Error(`${name}: the document has no body for it, got ${answer.body}`);
      return;
    }
    const schema = response.content[type]?.schema;
    if (schema === undefined) throw new Error(`${name}: the document has no ${type} for it`);
    const fault = validatorOf(schema)(type.endsWith('json') ? answer.json() : answer.body);
    if (fault !== undefined) throw new Error(`${name}: ${fault} in ${answer.body}`);
  };

  return {
    server,
    document,
    inject: async (request) => {
      const answer = await server.inject(request);
      check(request, answer);
      return answer;
    },
    close: () => server.close(),
  };
};
