import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exampleArtifact, exampleManifest, streamed } from '../../../src/adapters/contracts/example-artifact.ts';
import { EnvironmentName, nameFromLiteral } from '../../../src/domain/names.ts';
import type { ChefServer } from '../../../src/ports/chef-server.ts';
import { DEADLINE_MS, type FakeStack, fakeStack } from '../../support/chef-servers.ts';
import { CHEF_PUBLIC_KEY } from '../../support/chef-keys.ts';
import { CHEF_FAULTS, chefError, htmlPage } from '../../support/fake-chef-server.ts';

const PROD_1 = nameFromLiteral(EnvironmentName)('prod-1');
const MANIFEST = exampleManifest('1.0.0', { apt: '7.5.23' }, { site: '1.0.0' });
const ARTIFACT = exampleArtifact(MANIFEST);

let stack: FakeStack;

beforeEach(async () => {
  stack = await fakeStack({ deadlineMs: DEADLINE_MS });
});

afterEach(() => stack.close());

const everyQuestion: Readonly<Record<string, (server: ChefServer) => Promise<{ readonly _tag: string }>>> = {
  environment: (server) => server.environment(PROD_1),
  completeArtifacts: (server) => server.completeArtifacts(),
  pin: (server) => server.pin(PROD_1, MANIFEST),
  upload: (server) => server.upload(ARTIFACT.record, streamed(ARTIFACT.tarball)),
};

const detailOf = async (answer: Promise<object>): Promise<string> => {
  const settled = await answer;
  return 'detail' in settled ? String(settled.detail) : JSON.stringify(settled);
};

describe.each(Object.keys(CHEF_FAULTS))('faults 5 to 10: a server that is %s', (fault) => {
  test.each(Object.keys(everyQuestion))('is unavailable to %s', async (question) => {
    stack.fake.interfere(CHEF_FAULTS[fault as keyof typeof CHEF_FAULTS]);
    const answer = await everyQuestion[question]?.(stack.server);
    expect(answer).toEqual({ _tag: 'Unavailable', detail: expect.any(String) as string });
    stack.fake.interfere();
    expect((await everyQuestion[question]?.(stack.server))?._tag).not.toBe('Unavailable');
  });
});

describe('what is said of a failure', () => {
  const said = {
    down: /^GET http:\/\/127\.0\.0\.1:\d+\/organizations\/fleet\/environments\/prod-1: .*(socket hang up|ECONNRESET)/,
    slow: new RegExp(`no whole answer within ${DEADLINE_MS} ms`),
    dripping: new RegExp(`no whole answer within ${DEADLINE_MS} ms`),
    'half an answer': /aborted/,
    'not JSON': /expected JSON, got application\/json; something on the way/,
    'JSON of something else': /^environment prod-1: document: expected .*got a list of 3/,
    HTML: /expected JSON, got text\/html; something on the way answers in its stead: name its own address/,
    'HTML 404': /got status 404 from text\/html/,
    redirecting: /got status 302, a redirect to https:\/\/login\.example\.com\/\?next=chef; something on the way/,
    500: /got status 500: internal service error$/,
    502: /got status 502 from text\/html$/,
    'without the organisation': /got status 404: organization 'fleet' does not exist\.$/,
  } satisfies Readonly<Record<keyof typeof CHEF_FAULTS, RegExp>>;

  test.each(Object.entries(said))('%s', async (fault, words) => {
    stack.fake.interfere(CHEF_FAULTS[fault as keyof typeof CHEF_FAULTS]);
    expect(await detailOf(stack.server.environment(PROD_1))).toMatch(words);
  });

  test('nobody listens', async () => {
    const server = stack.another({ url: 'http://127.0.0.1:1/organizations/fleet' });
    expect(await detailOf(server.environment(PROD_1))).toMatch(/ECONNREFUSED/);
  });

  test('no TLS where there should be', async () => {
    const plain = createServer((socket) => {
      socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
      socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const url = `https://127.0.0.1:${(plain.address() as AddressInfo).port}/organizations/fleet`;
    expect((await stack.another({ url }).environment(PROD_1))._tag).toBe('Unavailable');
    plain.close();
  });

  test('a body without an end is cut', async () => {
    stack.fake.interfere(({ response }) => {
      response.writeHead(500, { 'content-type': 'application/json' });
      const pour = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1_048_576, ' ')));
      };
      response.on('drain', pour);
      pour();
    });
    const patient = stack.another({ deadlineMs: 60_000 });
    expect(await detailOf(patient.environment(PROD_1))).toMatch(/got status 500$/);
    stack.fake.interfere(({ response }) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const pour = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1_048_576, ' ')));
      };
      response.on('drain', pour);
      pour();
    });
    expect(await detailOf(patient.environment(PROD_1))).toMatch(/expected at most 67108864 bytes, got more$/);
  });

  test('hostile words stay on one line and are cut', async () => {
    stack.fake.interfere(({ send }) => send(chefError(500, `a\u001b[31m\r\nb\u2028${'x'.repeat(10_000)}`)));
    const detail = await detailOf(stack.server.environment(PROD_1));
    expect(detail).toMatch(/got status 500: a \[31m b x+/);
    expect(detail.length).toBeLessThan(700);
  });
});

describe('fault 66: who asks', () => {
  test('is not believed with another key, and told what to check', async () => {
    const stranger = stack.another({ user: 'stranger' });
    expect(await detailOf(stranger.environment(PROD_1))).toMatch(
      /got status 401: Failed to authenticate as 'stranger'.*check that stranger is a user or client there/,
    );
  });

  test.each([
    [20 * 60_000, '20m', 'ahead of'],
    [-3 * 3_600_000, '3h', 'behind'],
  ])('is not believed by a clock that is %i ms ahead, and told so', async (aheadMs, far, direction) => {
    const off = await fakeStack({}, { aheadMs });
    const detail = await detailOf(off.server.environment(PROD_1));
    await off.close();
    expect(detail).toContain('got status 401');
    expect(detail).toMatch(
      new RegExp(`its clock is (${far}|\\S+) ${direction} this machine’s, and more than 15m is refused`),
    );
  });

  test('is believed by a clock that is 14 minutes off', async () => {
    const off = await fakeStack({}, { aheadMs: 14 * 60_000 });
    expect(await off.server.environment(PROD_1)).toEqual({ _tag: 'Missing' });
    await off.close();
  });

  test('may not change what only others may, and is told which permission is missing', async () => {
    const reader = await fakeStack({}, { users: { librarian: { publicKey: CHEF_PUBLIC_KEY, mayOnlyRead: true } } });
    expect(await reader.server.environment(PROD_1)).toEqual({ _tag: 'Missing' });
    expect(await detailOf(reader.server.pin(PROD_1, MANIFEST))).toMatch(
      /POST .*got status 403: missing create permission; give librarian this permission/,
    );
    await reader.close();
  });

  test('no answer tells the key', async () => {
    for (const fault of [...Object.values(CHEF_FAULTS)]) {
      stack.fake.interfere(fault);
      const details = await Promise.all(Object.values(everyQuestion).map((ask) => detailOf(ask(stack.server))));
      expect(details.join()).not.toMatch(/PRIVATE|BEGIN/);
    }
  });
});

describe('requests', () => {
  test('are one each, and none is repeated', async () => {
    stack.fake.interfere(({ send }) => send(htmlPage(503)));
    await stack.server.environment(PROD_1);
    expect(stack.fake.requests).toHaveLength(1);
  });

  test('keep their connection', async () => {
    const ports = new Set<number | undefined>();
    stack.fake.interfere(({ response, perform, send }) => {
      ports.add(response.socket?.remotePort);
      send(perform());
    });
    for (let i = 0; i < 5; i++) await stack.server.environment(PROD_1);
    expect(ports.size).toBe(1);
  });

  test('survive a connection that the server gave up just then', async () => {
    await stack.server.environment(PROD_1);
    let cut = false;
    stack.fake.interfere(({ response, perform, send }) => {
      if (cut) send(perform());
      else response.socket?.resetAndDestroy();
      cut = true;
    });
    expect(await stack.server.environment(PROD_1)).toEqual({ _tag: 'Missing' });
  });

  test('are made in the version of the API that the server knows, once it has said so', async () => {
    const old = await fakeStack({}, { apiVersionMax: 1 });
    await old.server.environment(PROD_1);
    await old.server.environment(PROD_1);
    const versions = old.fake.requests.map(({ headers }) => headers['x-ops-server-api-version']);
    await old.close();
    expect(versions).toEqual(['2', '1', '1']);
  });

  test('with signatures of 1.1 are made in version 0 of the API, which servers take that know of none', async () => {
    await stack.another({ sign: '1.1' }).environment(PROD_1);
    expect(stack.fake.requests.map(({ headers }) => headers['x-ops-server-api-version'])).toEqual(['0']);
  });

  test('end when the server knows no version of the API', async () => {
    stack.fake.interfere(({ send }) => send({ ...chefError(406, 'not acceptable') }));
    expect(await detailOf(stack.server.environment(PROD_1))).toMatch(/got status 406: not acceptable$/);
    expect(stack.fake.requests).toHaveLength(1);
  });
});
