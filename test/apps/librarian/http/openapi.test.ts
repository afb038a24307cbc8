import { readFileSync } from 'node:fs';
import SwaggerParser from '@apidevtools/swagger-parser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROUTES } from '../../../../src/apps/librarian/http/routes.ts';
import { librarianServer } from '../../../../src/apps/librarian/http/server.ts';
import { type CheckedApi, checkedApi, type OpenApi } from '../../../support/checked-api.ts';
import { world } from '../../../support/librarian-world.ts';

let api: CheckedApi;
beforeEach(async () => {
  api = await checkedApi(world().librarian());
});
afterEach(() => api.close());

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly object[];
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly required: boolean }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, object>> };
}

const documentOf = async (): Promise<OpenApi> => (await api.inject({ url: '/v1/openapi.json' })).json<OpenApi>();

const operationsOf = ({ paths }: OpenApi): ReadonlyMap<string, Operation> =>
  new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => {
        const described: unknown = operation;
        return [`${method.toUpperCase()} ${path}`, described as Operation] as const;
      }),
    ),
  );

const nameOf = ({ method, path }: { readonly method: string; readonly path: string }): string =>
  `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`;

describe('the OpenAPI document', () => {
  it('is one of OpenAPI 3.1', async () => {
    expect((await documentOf()).openapi).toBe('3.1.0');
    await SwaggerParser.validate((await api.inject({ url: '/v1/openapi.json' })).json());
  });

  it('tells of every route of the server, and of no other', async () => {
    const registered: string[] = [];
    const server = librarianServer(world().librarian());
    server.addHook('onRoute', ({ method, url }) => {
      registered.push(nameOf({ method: String(method), path: url }));
    });
    await server.ready();
    await server.close();
    expect([...operationsOf(await documentOf()).keys()].toSorted()).toEqual(registered.toSorted());
  });

  it.each(ROUTES)('tells of $method $path what it needs and takes', async (route) => {
    const operation = operationsOf(await documentOf()).get(nameOf(route));
    expect(operation).toMatchObject({ operationId: route.operation, summary: route.summary });
    expect(operation?.security).toEqual(route.permission === undefined ? [] : [{ bearer: [] }]);
    if (route.permission !== undefined) expect(operation?.description).toContain(`\`${route.permission}\``);
    const parameters = (operation?.parameters ?? []).map((parameter) => `${parameter.in} ${parameter.name}`);
    expect(parameters).toEqual(
      expect.arrayContaining([...route.path.matchAll(/:(\w+)/g)].map(([, name]) => `path ${name ?? ''}`)),
    );
    expect(parameters.includes('header If-Match')).toBe(route.isConditional);
    expect(parameters.includes('header Idempotency-Key')).toBe(route.method === 'POST');
    const types = { None: [], Json: ['application/json'], Tarball: ['application/gzip'] }[route.bodyKind];
    expect(Object.keys(operation?.requestBody?.content ?? {})).toEqual(types);
  });

  it('names every operation once', async () => {
    const ids = [...operationsOf(await documentOf()).values()].map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('docs/http-api.md', () => {
  const table = readFileSync(new URL('../../../../docs/http-api.md', import.meta.url), 'utf8').split('\n');

  it.each(ROUTES)('has $method $path with its permission', ({ method, path, permission }) => {
    const name = path.replace(':environment', 'NAME').replace(':id', 'ID').replace(':version', 'VERSION');
    const written = new RegExp(`^\\|.*\`${method} ${name}(?:\\?[^\`]*)?\`.*\\| \`?${permission ?? 'none'}\\b`);
    expect(table.filter((line) => written.test(line))).toHaveLength(1);
  });
});
