import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as E from 'fp-ts/lib/Either.js';
import { artifactOf, entriesOf, exampleManifest, streamed } from '../../../src/adapters/contracts/example-artifact.ts';
import type { Manifest } from '../../../src/domain/manifest.ts';
import { EnvironmentName, nameFromLiteral } from '../../../src/domain/names.ts';
import type { ChefServer } from '../../../src/ports/chef-server.ts';
import { type FakeStack, fakeStack } from '../../support/chef-servers.ts';
import { chefError, type FakeAnswer, type Interference, lying } from '../../support/fake-chef-server.ts';

const PROD_1 = nameFromLiteral(EnvironmentName)('prod-1');
const V1 = exampleManifest('1.0.0', { apt: '7.5.23' });
const V2 = exampleManifest('2.0.0', { apt: '7.5.24' });

let stack: FakeStack;

beforeEach(async () => {
  stack = await fakeStack();
});

afterEach(() => stack.close());

const asked = (): readonly string[] =>
  stack.fake.requests.map(({ method, url }) => `${method} ${url.replace('/organizations/fleet', '')}`);

const detailOf = async (answer: Promise<object>): Promise<string> => {
  const settled = await answer;
  return 'detail' in settled ? String(settled.detail) : JSON.stringify(settled);
};

const isWrite = (method: string): boolean => method === 'PUT' || method === 'POST';

describe('a pin', () => {
  test('L1: of a new environment is a look, a creation and a look', async () => {
    await stack.server.pin(PROD_1, V1);
    expect(asked()).toEqual(['GET /environments/prod-1', 'POST /environments', 'GET /environments/prod-1']);
  });

  test('L2: of one that is there sends back all that it holds', async () => {
    await stack.server.pin(PROD_1, V1);
    stack.fake.requests.length = 0;
    await stack.server.pin(PROD_1, V2);
    expect(asked()).toEqual(['GET /environments/prod-1', 'PUT /environments/prod-1', 'GET /environments/prod-1']);
    expect(Object.keys(JSON.parse(stack.fake.requests[1]?.body.toString() ?? '') as object).sort()).toEqual([
      'chef_type',
      'cookbook_versions',
      'default_attributes',
      'description',
      'json_class',
      'name',
      'override_attributes',
    ]);
  });

  test('L8: that is there already writes nothing', async () => {
    await stack.server.pin(PROD_1, V1);
    stack.fake.requests.length = 0;
    expect(await stack.server.pin(PROD_1, V1)).toEqual({ _tag: 'Pinned' });
    expect(asked()).toEqual(['GET /environments/prod-1']);
  });

  test.each([V1, V2])('of a server that lies does not read back, and is given up', async (manifest) => {
    await stack.server.pin(PROD_1, V1);
    stack.fake.requests.length = 0;
    stack.fake.interfere(lying);
    const other = nameFromLiteral(EnvironmentName)('prod-2');
    const name = manifest === V1 ? other : PROD_1;
    expect(await stack.server.pin(name, manifest)).toEqual({
      _tag: 'Unavailable',
      detail: `environment ${name} was written 3 times, and does not read back as ${manifest.baseVersion}`,
    });
    expect(stack.fake.requests.filter(({ method }) => isWrite(method))).toHaveLength(3);
  });

  test('that is lost once is made again', async () => {
    let writes = 0;
    const losingOne: Interference = (exchange) =>
      isWrite(exchange.seen.method) && ++writes === 1 ? lying(exchange) : exchange.send(exchange.perform());
    stack.fake.interfere(losingOne);
    expect(await stack.server.pin(PROD_1, V1)).toEqual({ _tag: 'Pinned' });
    expect(writes).toBe(2);
  });

  test('that somebody else overtook is not made again', async () => {
    await stack.server.pin(PROD_1, V1);
    const [rival, V3] = [stack.another(), exampleManifest('3.0.0', { apt: '7.5.25' })];
    let overtaken = false;
    stack.fake.interfere(({ seen, perform, send }) => {
      const answer = perform();
      const isFirst = !overtaken && seen.method === 'PUT';
      overtaken ||= isFirst;
      if (isFirst) void rival.pin(PROD_1, V3).then(() => send(answer));
      else send(answer);
    });
    expect(await detailOf(stack.server.pin(PROD_1, V2))).toBe(
      'environment prod-1 was pinned to 3.0.0 by somebody else meanwhile',
    );
    expect(stack.fake.environmentText(PROD_1)).toContain('"3.0.0"');
  });

  test('of an environment that somebody creates meanwhile keeps what that holds', async () => {
    const absent: FakeAnswer[] = [chefError(404, 'Cannot load environment prod-1')];
    stack.fake.plantEnvironment('prod-1', '{"name": "prod-1", "description": "by hand"}');
    stack.fake.interfere(({ perform, send }) => send(absent.pop() ?? perform()));
    expect(await stack.server.pin(PROD_1, V1)).toEqual({ _tag: 'Pinned' });
    expect(asked().filter((request) => !request.startsWith('GET'))).toEqual([
      'POST /environments',
      'PUT /environments/prod-1',
    ]);
    expect(stack.fake.environmentText(PROD_1)).toContain('"by hand"');
  });

  test('fault 72: of an environment that was damaged by hand is refused, and nothing is written', async () => {
    stack.fake.plantEnvironment('prod-1', '{"name": "prod-1", "cookbook_versions": {"apt": 7}}');
    expect(await detailOf(stack.server.pin(PROD_1, V1))).toMatch(
      /^environment prod-1: cookbook_versions\.apt: expected .*got 7/,
    );
    expect(stack.fake.requests.every(({ method }) => method === 'GET')).toBe(true);
  });

  test('of _default is impossible: it is no name of an environment', () => {
    expect(E.isLeft(EnvironmentName.decode('_default'))).toBe(true);
  });

  test('L2: of one environment waits for the one before, and for none of another environment', async () => {
    const held: (() => void)[] = [];
    const pinned: string[] = [];
    stack.fake.interfere(({ seen, perform, send }) => {
      const isHeld = seen.url.endsWith('/environments/prod-1') && held.length === 0;
      if (isHeld) held.push(() => send(perform()));
      else send(perform());
    });
    const first = stack.server.pin(PROD_1, V1).then(() => pinned.push('first'));
    const second = stack.server.pin(PROD_1, V2).then(() => pinned.push('second'));
    await stack.server.pin(nameFromLiteral(EnvironmentName)('prod-2'), V1);
    expect(pinned).toEqual([]);
    held[0]?.();
    await Promise.all([first, second]);
    expect(pinned).toEqual(['first', 'second']);
    expect(stack.fake.environmentText(PROD_1)).toContain('= 7.5.24');
  });
});

/** Cookbooks whose metadata states dependencies. */
const artifactWith = (manifest: Manifest, depends: Readonly<Record<string, string>>) =>
  artifactOf(
    manifest,
    entriesOf(manifest).map((entry) => {
      const [, name = ''] = /^cookbooks\/(.*)\/metadata\.rb$/.exec(entry.path) ?? [];
      return depends[name] === undefined ? entry : { ...entry, content: `name '${name}'\n${depends[name]}\n` };
    }),
  );

const upload = async (server: ChefServer, manifest: Manifest, depends: Readonly<Record<string, string>> = {}) => {
  const { record, tarball } = artifactWith(manifest, depends);
  expect(await server.upload(record, streamed(tarball))).toEqual({ _tag: 'Complete' });
};

describe('the dependency check', () => {
  const checking = (): ChefServer => stack.another({ checkDependencies: true });
  const WEB = exampleManifest('1.0.0', { web: '1.0', apt: '7.5.23' });

  test('is not made unless it is asked for', async () => {
    await upload(stack.server, WEB, { web: "depends 'apt', '~> 8.0'" });
    expect(await stack.server.pin(PROD_1, WEB)).toEqual({ _tag: 'Pinned' });
  });

  test('lets cookbooks pass that go together, whatever the environment is pinned to now', async () => {
    const server = checking();
    await upload(server, WEB, { web: "depends 'apt', '~> 7.5'" });
    // The stored constraints admit nothing of the artifact: solved under them, no promotion would ever pass.
    stack.fake.plantEnvironment(
      'prod-1',
      '{"name": "prod-1", "cookbook_versions": {"web": "= 0.1.0", "apt": "= 0.1.0"}}',
    );
    expect(await server.pin(PROD_1, WEB)).toEqual({ _tag: 'Pinned' });
    const solved = stack.fake.requests.filter(({ url }) => url.endsWith('/environments/_default/cookbook_versions'));
    expect(solved.map(({ body }) => JSON.parse(body.toString()) as unknown)).toEqual([
      { run_list: ['web@1.0.0', 'apt@7.5.23'] },
    ]);
  });

  test('stops those that do not, although newer ones on the server would', async () => {
    const server = checking();
    await upload(server, exampleManifest('2.0.0', { apt: '8.0.0' }));
    await upload(server, WEB, { web: "depends 'apt', '~> 8.0'" });
    expect(await detailOf(server.pin(PROD_1, WEB))).toMatch(
      /^1\.0\.0 is not pinned, its cookbooks do not go together: Unable to satisfy constraints on cookbook/,
    );
    expect(await server.environment(PROD_1)).toEqual({ _tag: 'Missing' });
  });

  test('stops an artifact of which a cookbook or a dependency is not on the server', async () => {
    const server = checking();
    expect(await detailOf(server.pin(PROD_1, V1))).toMatch(/no such cookbook apt/);
    await upload(server, WEB, { web: "depends 'nowhere'" });
    expect(await detailOf(server.pin(PROD_1, WEB))).toMatch(/do not go together/);
  });

  test('believes no page', async () => {
    const server = checking();
    stack.fake.interfere(({ seen, perform, send }) =>
      send(
        seen.url.endsWith('/cookbook_versions')
          ? { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }
          : perform(),
      ),
    );
    expect(await detailOf(server.pin(PROD_1, V1))).toMatch(/expected JSON, got text\/html/);
  });

  test('is not made for what is pinned already', async () => {
    await stack.server.pin(PROD_1, V1);
    expect(await checking().pin(PROD_1, V1)).toEqual({ _tag: 'Pinned' });
  });
});
