import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { Storage } from '@google-cloud/storage';
import { describe, expect, test, vi } from 'vitest';
import { type GcsSettings, gcsArtifactStore, gcsSignalBus, gcsStateStore } from '../../../src/adapters/gcs/index.ts';
import { EnvironmentName, nameFromLiteral, StackName } from '../../../src/domain/names.ts';
import type { SignalKey } from '../../../src/domain/signal.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';
import { fakeGcs } from '../../support/fake-gcs.ts';
import { bucketAt } from '../../support/gcs-buckets.ts';

const KEY: SignalKey = {
  stack: nameFromLiteral(StackName)('basalt'),
  environment: nameFromLiteral(EnvironmentName)('prod-1'),
};

const BUCKET = 'example-signals';

const bad: readonly (readonly [string, GcsSettings, RegExp])[] = [
  ['no bucket', { bucket: '' }, /^bucket: expected 3 to 222 of .*got ""$/],
  ['a URL for a bucket', { bucket: 'gs://example' }, /^bucket: /],
  ['a prefix that begins with a slash', { bucket: BUCKET, prefix: '/fleet' }, /^prefix: expected names joined by/],
  ['a prefix that ends in a slash', { bucket: BUCKET, prefix: 'fleet/' }, /^prefix: /],
  ['a prefix that leads upwards', { bucket: BUCKET, prefix: 'fleet/../other' }, /^prefix: /],
  ['a prefix with a line end', { bucket: BUCKET, prefix: 'fleet\n' }, /^prefix: /],
  ['a prefix without an end', { bucket: BUCKET, prefix: 'x'.repeat(257) }, /^prefix: /],
  ['no time', { bucket: BUCKET, deadlineMs: 0 }, /^deadlineMs: expected .*1 to 600000, got 0$/],
  ['time without end', { bucket: BUCKET, deadlineMs: Infinity }, /^deadlineMs: /],
  ['no patience', { bucket: BUCKET, stallMs: -1 }, /^stallMs: /],
  ['an endpoint without TLS', { bucket: BUCKET, apiEndpoint: 'http://storage.example.com' }, /allowHttp/],
  ['an endpoint of another kind', { bucket: BUCKET, apiEndpoint: 'ftp://storage.example.com' }, /^apiEndpoint: /],
  ['an endpoint with a password', { bucket: BUCKET, apiEndpoint: 'https://me:secret@example.com' }, /^apiEndpoint: /],
  [
    'a token in the clear',
    {
      bucket: BUCKET,
      apiEndpoint: 'http://storage.example.com',
      allowHttp: true,
      authClient: new Storage().authClient.fromAPIKey('a-key'),
    },
    /^authClient: expected none with http/,
  ],
];

test.each(bad)('%s is a programming error that names the field', (_what, settings, message) => {
  for (const make of [gcsSignalBus, gcsStateStore, gcsArtifactStore]) {
    expect(() => make(settings)).toThrow(TypeError);
    expect(() => make(settings)).toThrow(message);
  }
});

/** Of a person, as `gcloud auth application-default login` writes it. */
const PERSON = { type: 'authorized_user', client_id: 'id', client_secret: 'secret', refresh_token: 'refresh' };

/** Lets application default credentials be found while `act` runs. */
const withDefaultCredentials = (act: () => Promise<void>): Promise<void> =>
  inTemporaryDirectory(async (directory) => {
    const file = join(directory, 'credentials.json');
    await writeFile(file, JSON.stringify(PERSON));
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', file);
    vi.stubEnv('GOOGLE_CLOUD_PROJECT', 'example');
    try {
      await act();
    } finally {
      vi.unstubAllEnvs();
    }
  });

/** Credentials whose requests are answered here, and go nowhere. */
const credentialsThat = async (answer: (url: string, headers: Headers) => Promise<Response>) => {
  const { authClient } = new Storage();
  await withDefaultCredentials(() => authClient.getClient().then(() => undefined));
  const client = await authClient.getClient();
  client.transporter.defaults.fetchImplementation = async (input, init) =>
    answer(input instanceof Request ? input.url : String(input), new Headers(init?.headers));
  return client;
};

const isForToken = (url: string): boolean => new URL(url).hostname === 'oauth2.googleapis.com';

describe('credentials', () => {
  test('go with every request to Google, over TLS, and are fetched once', async () => {
    const urls: string[] = [];
    const authClient = await credentialsThat(async (url, headers) => {
      urls.push(url);
      if (isForToken(url)) return Response.json({ access_token: 'a-token', expires_in: 3_600 });
      expect(headers.get('authorization')).toBe('Bearer a-token');
      return new Response('{}', { headers: { 'x-goog-generation': '5' } });
    });
    // The client would follow this one.
    vi.stubEnv('STORAGE_EMULATOR_HOST', 'http://127.0.0.1:9');
    const bus = gcsSignalBus({ bucket: BUCKET, prefix: 'fleet', authClient });
    vi.unstubAllEnvs();
    expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Fresh', body: '{}', revision: '5' });
    expect(await bus.read(KEY, '4')).toEqual({ _tag: 'Fresh', body: '{}', revision: '5' });
    const object = `https://storage.googleapis.com/storage/v1/b/${BUCKET}/o/fleet%2Fchef-run-triggers%2Fbasalt%2Fprod-1`;
    expect(urls.map((url) => (isForToken(url) ? 'token' : url))).toEqual([
      'token',
      `${object}?alt=media`,
      `${object}?alt=media&ifGenerationNotMatch=4`,
    ]);
  });

  test('fault 2: that the bus refuses are denied, and are not tried again', async () => {
    let asked = 0;
    const authClient = await credentialsThat(async (url) => {
      if (isForToken(url)) return Response.json({ access_token: 'a-token' });
      asked += 1;
      return new Response('Invalid Credentials', { status: 401 });
    });
    expect((await gcsSignalBus({ bucket: BUCKET, authClient }).read(KEY, undefined))._tag).toBe('Denied');
    expect(asked).toBe(1);
  });

  test('fault 2: for which nobody gives a token are denied', async () => {
    const authClient = await credentialsThat(async () => Response.json({ error: 'invalid_grant' }, { status: 400 }));
    const bus = gcsSignalBus({ bucket: BUCKET, authClient });
    expect(await bus.read(KEY, undefined)).toMatchObject({ _tag: 'Denied' });
    expect(await bus.write(KEY, '{}', undefined)).toMatchObject({ _tag: 'Unknown' });
  });

  test('faults 5 and 6: that a dead proxy keeps waiting cost a deadline each time, and are asked for anew', () =>
    withDefaultCredentials(async () => {
      let asked = 0;
      const proxy = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => {
          asked += 1;
        });
      }).listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
      const bus = gcsSignalBus({ bucket: BUCKET, deadlineMs: 100 });
      // Whoever comes just at the end of a wait for a token still shares its failure.
      for (let look = 1; look <= 4; look++) {
        expect(await bus.read(KEY, undefined)).toMatchObject({ _tag: 'Unavailable' });
      }
      expect(asked).toBeGreaterThan(1);
      proxy.close();
    }));

  test('do not go to a server without TLS', async () => {
    const fake = await fakeGcs();
    const { settings } = await bucketAt(fake.endpoint);
    await gcsSignalBus(settings).write(KEY, '{}', undefined);
    const [{ headers } = { headers: {} }] = fake.requests.slice(-1);
    expect(Object.keys(headers).filter((name) => /auth|key|token|cookie/.test(name))).toEqual([]);
    await fake.close();
  });
});
