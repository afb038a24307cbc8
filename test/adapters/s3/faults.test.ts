/**
 * What may go wrong between a node and its bus, by the numbers of the project's list of faults: a proxy does it to the
 * requests of a real client, over a server that verifies signatures and conditions, and over recorded answers of S3.
 */
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { s3SignalBus, type S3Settings } from '../../../src/adapters/s3/index.ts';
import { EnvironmentName, nameFromLiteral, StackName } from '../../../src/domain/names.ts';
import { decodeSignal, formatSignalRefusal, SIGNAL_BYTES_MAX, signalPath } from '../../../src/domain/signal.ts';
import type { WriteOutcome } from '../../../src/ports/conditional-write.ts';
import type { SignalBus, SignalReading } from '../../../src/ports/signal-bus.ts';
import { type Fault, faultyProxy, type FaultyProxy } from '../../support/faulty-proxy.ts';
import { recordedS3 } from '../../support/recorded-s3.ts';
import { type AbsentServer, radosgw, type TestBucket, testBuckets } from '../../support/s3-buckets.ts';

const KEY = {
  stack: nameFromLiteral(StackName)('basalt'),
  environment: nameFromLiteral(EnvironmentName)('prod-1'),
};

/** What a test waits for when the answer is that there is none, in milliseconds. */
const HURRY_MS = 300;

/** Every wait of {@link HURRY_MS} is over by then, on a busy machine too. */
const SOON_MS = 5_000;

interface Origin {
  readonly url: string;
  readonly makeBucket: () => Promise<TestBucket>;
  readonly close: () => Promise<void>;
}

const recordedOrigin = async (): Promise<Origin> => {
  const server = await recordedS3();
  const credentials = { accessKeyId: 'access', secretAccessKey: 'secret' };
  let buckets = 0;
  return {
    url: server.url,
    makeBucket: async () => {
      buckets += 1;
      const bucket = `bucket-${buckets}`;
      return {
        settings: { bucket, region: 'us-east-1', pathStyle: true, credentials },
        plant: async (path, bytes) => {
          await fetch(`${server.url}/${bucket}/${path}`, { method: 'PUT', body: Buffer.from(bytes) });
        },
        erase: async (path) => {
          await fetch(`${server.url}/${bucket}/${path}`, { method: 'DELETE' });
        },
      };
    },
    close: server.close,
  };
};

const radosgwOrigin = async (): Promise<Origin | AbsentServer> => {
  const server = await radosgw();
  if ('absent' in server) return server;
  const buckets = testBuckets(server);
  return { url: server.endpoint, makeBucket: buckets.make, close: buckets.removeAll };
};

/** One bus behind a proxy, with nothing on it. */
interface World {
  readonly proxy: FaultyProxy;
  readonly settings: S3Settings;
  readonly plant: (text: string | Uint8Array) => Promise<void>;
  readonly bus: SignalBus;
  /** The same bus with {@link HURRY_MS} for everything. */
  readonly hurried: SignalBus;
  /** Does `fault` to every request from now on, or to those with this method. */
  readonly suffer: (fault: Fault, method?: string) => void;
  /** The methods of the requests that `act` made. */
  readonly methodsOf: (act: () => Promise<unknown>) => Promise<readonly string[]>;
}

const worldBehind = async (proxy: FaultyProxy, origin: Origin): Promise<World> => {
  const { settings, plant } = await origin.makeBucket();
  const behind = { ...settings, endpoint: proxy.url };
  proxy.misbehave(() => ({ _tag: 'None' }));
  return {
    proxy,
    settings: behind,
    plant: (text) => plant(signalPath(KEY), Buffer.from(text)),
    bus: s3SignalBus(behind),
    hurried: s3SignalBus({ ...behind, deadlineMs: HURRY_MS }),
    suffer: (fault, method) =>
      proxy.misbehave((request) => (method === undefined || request.method === method ? fault : { _tag: 'None' })),
    methodsOf: async (act) => {
      const before = proxy.requests.length;
      await act();
      return proxy.requests.slice(before).map((request) => request.method);
    },
  };
};

const xml = (status: number, code: string): Fault => ({
  _tag: 'Answer',
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>As S3 says it.</Message></Error>`,
});

const bare = (status: number): Fault => ({ _tag: 'Answer', status });

const LOGIN_PAGE = '<html><head><title>Please log in</title></head><body>Hotel<br></body></html>';

const page = (status: number): Fault => ({
  _tag: 'Answer',
  status,
  headers: { 'content-type': 'text/html' },
  body: LOGIN_PAGE,
});

const detailOf = (answer: object): string => ('detail' in answer ? String(answer.detail) : '');

const writeFirst = async ({ bus }: World, body = 'first'): Promise<string> => {
  const outcome = await bus.write(KEY, body, undefined);
  if (outcome._tag === 'Landed') return outcome.revision;
  throw new Error(JSON.stringify(outcome));
};

/** What becomes of a look at a bus whose signal is there, for each thing that may happen to it; nothing is asked twice. */
const READINGS: Readonly<Record<string, readonly [Fault, SignalReading['_tag'], RegExp?]>> = {
  'fault 1: 404 for the bucket says nothing about the key': [xml(404, 'NoSuchBucket'), 'Unavailable', /create the buc/],
  'fault 1: 404 in the words of S3 is a missing key': [xml(404, 'NoSuchKey'), 'Missing'],
  'fault 1: a bare 404 is not S3 speaking': [bare(404), 'Unavailable', /look for a proxy/],
  'fault 1: a 404 page is not S3 speaking': [page(404), 'Unavailable', /look for a proxy/],
  'fault 2: 403 in the words of S3': [xml(403, 'AccessDenied'), 'Denied', /AccessDenied.*policy/],
  'fault 2: a bare 403': [bare(403), 'Denied'],
  'fault 2: a 403 page': [page(403), 'Denied'],
  'fault 2: 401': [bare(401), 'Denied'],
  'fault 2: expired credentials, of which S3 says 400': [xml(400, 'ExpiredToken'), 'Denied', /renew/],
  'fault 3: a 304 that nobody asked for': [bare(304), 'Unavailable'],
  'fault 4: 503': [xml(503, 'SlowDown'), 'Unavailable', /503 SlowDown/],
  'fault 4: a bare 503': [bare(503), 'Unavailable'],
  'fault 4: 429': [bare(429), 'Unavailable'],
  'fault 4: 500': [xml(500, 'InternalError'), 'Unavailable', /InternalError/],
  'fault 5: the connection is dropped': [{ _tag: 'Drop', when: 'BeforeServer' }, 'Unavailable', /ECONNRESET/],
  'fault 5: what answers does not speak HTTP': [{ _tag: 'Garbage' }, 'Unavailable'],
  'fault 5: the wrong region': [xml(301, 'PermanentRedirect'), 'Unavailable', /region/],
  'fault 5: a portal that redirects': [
    { _tag: 'Answer', status: 302, headers: { location: 'http://portal.invalid/' } },
    'Unavailable',
    /302/,
  ],
  'fault 9: a body that is cut off': [{ _tag: 'Truncate', afterBytes: 3 }, 'Unavailable'],
  'fault 9: a part of a body, said to be one': [
    { _tag: 'Answer', status: 206, headers: { etag: '"a"' }, body: '{' },
    'Unavailable',
  ],
  'an answer that is late, and in time': [{ _tag: 'Delay', byMs: 30 }, 'Fresh'],
};

/** What becomes of a write of which nothing has landed, for each thing that may happen to it. */
const REFUSED_WRITES: Readonly<Record<string, readonly [Fault, 'Conflict' | 'Unknown', RegExp?]>> = {
  '412': [xml(412, 'PreconditionFailed'), 'Conflict'],
  'a bare 412': [bare(412), 'Conflict'],
  'fault 28: 409, another write interfered': [xml(409, 'ConditionalRequestConflict'), 'Conflict'],
  'fault 28: 409, another operation is at work': [xml(409, 'OperationAborted'), 'Conflict'],
  'a 409 of something else': [page(409), 'Unknown', /409.*proxy/],
  '403': [xml(403, 'AccessDenied'), 'Unknown', /AccessDenied/],
  '404 for the bucket': [xml(404, 'NoSuchBucket'), 'Unknown', /create the bucket/],
  '429': [bare(429), 'Unknown'],
  '500': [xml(500, 'InternalError'), 'Unknown'],
  '503': [xml(503, 'SlowDown'), 'Unknown'],
  'a server without conditional writes': [xml(501, 'NotImplemented'), 'Unknown', /conditional writes/],
  'a page with status 200': [page(200), 'Unknown', /entity tag/],
  'an empty answer with status 200': [bare(200), 'Unknown', /entity tag/],
  'a dropped connection': [{ _tag: 'Drop', when: 'BeforeServer' }, 'Unknown'],
  'no HTTP': [{ _tag: 'Garbage' }, 'Unknown'],
};

/** What becomes of a write that has landed, while its answer is lost. */
const LOST_ANSWERS: Readonly<Record<string, Fault>> = {
  'the connection is dropped': { _tag: 'Drop', when: 'AfterServer' },
  'the answer never comes': { _tag: 'Silence', when: 'AfterServer' },
  'the answer comes too late': { _tag: 'Delay', byMs: HURRY_MS * 2 },
};

describe.each([
  ['recorded answers of S3', recordedOrigin],
  ['radosgw', radosgwOrigin],
] as const)('S3 signal bus over %s', (name, openOrigin) => {
  let origin: Origin | AbsentServer = { absent: 'not opened' };
  let proxy: FaultyProxy | undefined;

  beforeAll(async () => {
    origin = await openOrigin();
    if (!('absent' in origin)) proxy = await faultyProxy(origin.url);
  });
  afterAll(async () => {
    await proxy?.close();
    if (!('absent' in origin)) await origin.close();
  });

  const inWorld = (title: string, act: (world: World) => Promise<void>): void =>
    test(title, async (context) => {
      if ('absent' in origin) return context.skip(origin.absent);
      if (proxy !== undefined) await act(await worldBehind(proxy, origin));
    });

  for (const [title, [fault, tag, detail]] of Object.entries(READINGS)) {
    inWorld(`${title}: ${tag}, after one request`, async ({ bus, plant, suffer, methodsOf }) => {
      await plant('{"Splay": 60}');
      suffer(fault);
      let reading: SignalReading | undefined;
      expect(await methodsOf(async () => (reading = await bus.read(KEY, undefined)))).toEqual(['GET']);
      expect(reading?._tag).toBe(tag);
      if (detail !== undefined) expect(detailOf(reading ?? {})).toMatch(detail);
    });
  }

  inWorld('a look is one GET, whatever it finds', async (world) => {
    const { bus, methodsOf } = world;
    expect(await methodsOf(() => bus.read(KEY, undefined))).toEqual(['GET']);
    const revision = await writeFirst(world);
    expect(await methodsOf(() => bus.read(KEY, undefined))).toEqual(['GET']);
    expect(await methodsOf(() => bus.read(KEY, revision))).toEqual(['GET']);
    expect(await methodsOf(() => bus.read(KEY, 'no revision of ours'))).toEqual(['GET']);
  });

  inWorld('fault 2: a wrong secret key, which only a server that verifies signatures finds out', async (world) => {
    await writeFirst(world);
    const credentials = { accessKeyId: world.settings.credentials?.accessKeyId ?? '', secretAccessKey: 'wrong' };
    const reading = await s3SignalBus({ ...world.settings, credentials }).read(KEY, undefined);
    if (name === 'radosgw') {
      expect(reading._tag).toBe('Denied');
      expect(detailOf(reading)).toContain('check the secret key');
    } else expect(reading._tag).toBe('Fresh');
  });

  inWorld('fault 3: 304 is Unchanged, and nothing is written to the console', async (world) => {
    const consoles = (['debug', 'info', 'log', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level));
    const revision = await writeFirst(world);
    expect(await world.bus.read(KEY, revision)).toEqual({ _tag: 'Unchanged' });
    for (const spy of consoles) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
  });

  inWorld('fault 6: a connection that is accepted, and then silent, ends with the deadline', async (world) => {
    await writeFirst(world);
    world.suffer({ _tag: 'Silence', when: 'BeforeServer' });
    const began = performance.now();
    const reading = await world.hurried.read(KEY, undefined);
    expect(performance.now() - began).toBeLessThan(SOON_MS);
    expect(reading._tag).toBe('Unavailable');
    expect(detailOf(reading)).toContain(`${HURRY_MS} ms`);
    await expect.poll(world.proxy.waiting, { timeout: SOON_MS }).toBe(0);
    world.suffer({ _tag: 'None' });
    expect((await world.bus.read(KEY, undefined))._tag).toBe('Fresh');
  });

  inWorld('fault 7: a body that drips ends with the deadline, though it never idles', async (world) => {
    await writeFirst(world, 'drop by drop'.repeat(1_000));
    world.suffer({ _tag: 'Drip', everyMs: 10 });
    const began = performance.now();
    const reading = await world.hurried.read(KEY, undefined);
    expect(performance.now() - began).toBeLessThan(SOON_MS);
    expect(reading._tag).toBe('Unavailable');
    expect(detailOf(reading)).toContain(`${HURRY_MS} ms`);
    await expect.poll(world.proxy.waiting, { timeout: SOON_MS }).toBe(0);
  });

  inWorld('fault 8: an endless body is cut at 1 MiB, and no more of it is taken', async ({ bus, proxy, suffer }) => {
    suffer({ _tag: 'Endless', status: 200, headers: { etag: '"endless"' } });
    const before = proxy.endlessBytes();
    expect(await bus.read(KEY, undefined)).toMatchObject({ _tag: 'Malformed', revision: 'endless' });
    // What the machine itself has taken off the wire by then is a few buffers of a connection.
    expect(proxy.endlessBytes() - before).toBeLessThan(SIGNAL_BYTES_MAX + 16_777_216);
  });

  inWorld('fault 8: an endless error is cut as well', async ({ bus, proxy, suffer }) => {
    suffer({ _tag: 'Endless', status: 500 });
    const before = proxy.endlessBytes();
    expect((await bus.read(KEY, undefined))._tag).toBe('Unavailable');
    expect(proxy.endlessBytes() - before).toBeLessThan(16_777_216);
  });

  inWorld('faults 9 and 10: an empty body and a page are bodies, which no reader takes for a signal', async (world) => {
    await world.plant('');
    expect(await world.bus.read(KEY, undefined)).toMatchObject({ _tag: 'Fresh', body: '' });
    world.suffer(page(200));
    const reading = await world.bus.read(KEY, undefined);
    if (reading._tag !== 'Fresh') throw new Error(JSON.stringify(reading));
    const decoded = decodeSignal(reading.body);
    expect(E.isLeft(decoded) && formatSignalRefusal(decoded.left)).toContain('got HTML');
    // A portal names no revision; that its page stays the same is seen all the same, and no write replaces it.
    expect(await world.bus.read(KEY, reading.revision)).toEqual({ _tag: 'Unchanged' });
    world.suffer({ _tag: 'None' });
    expect((await world.bus.read(KEY, reading.revision))._tag).toBe('Fresh');
    expect(await world.bus.write(KEY, 'second', reading.revision)).toEqual({ _tag: 'Conflict' });
  });

  for (const [title, [fault, tag, detail]] of Object.entries(REFUSED_WRITES)) {
    inWorld(`a write that meets ${title} is ${tag}, and has changed nothing`, async (world) => {
      const revision = await writeFirst(world);
      world.suffer(fault, 'PUT');
      for (const expected of [revision, undefined]) {
        const outcome = await world.bus.write(KEY, 'second', expected);
        expect(outcome._tag).toBe(tag);
        if (detail !== undefined) expect(detailOf(outcome)).toMatch(detail);
      }
      expect(await world.bus.read(KEY, undefined)).toMatchObject({ _tag: 'Fresh', body: 'first' });
    });
  }

  for (const [title, fault] of Object.entries(LOST_ANSWERS)) {
    inWorld(`fault 29: a write that landed while ${title} is Unknown, and is read back`, async (world) => {
      await world.hurried.read(KEY, undefined);
      world.suffer(fault, 'PUT');
      let outcome: WriteOutcome | undefined;
      const write = async () => (outcome = await world.hurried.write(KEY, 'landed', undefined));
      expect(await world.methodsOf(write)).toEqual(['PUT']);
      expect(outcome?._tag).toBe('Unknown');
      world.suffer({ _tag: 'None' });
      await expect
        .poll(() => world.bus.read(KEY, undefined), { timeout: SOON_MS })
        .toMatchObject({ _tag: 'Fresh', body: 'landed' });
      world.suffer(fault, 'PUT');
      expect((await world.hurried.write(KEY, 'not landed', undefined))._tag).toBe('Unknown');
      world.suffer({ _tag: 'None' });
      expect(await world.bus.read(KEY, undefined)).toMatchObject({ _tag: 'Fresh', body: 'landed' });
    });
  }

  inWorld('fault 29: a write that something on the way sends twice has landed, and says so', async (world) => {
    world.suffer({ _tag: 'Repeat' }, 'PUT');
    const created = await world.bus.write(KEY, 'first', undefined);
    expect(created._tag).toBe('Landed');
    const revision = created._tag === 'Landed' ? created.revision : undefined;
    const replaced = await world.bus.write(KEY, 'second', revision);
    expect(replaced._tag).toBe('Landed');
    expect(await world.bus.read(KEY, undefined)).toEqual({ ...replaced, _tag: 'Fresh', body: 'second' });
    expect(await world.bus.write(KEY, 'second', undefined)).toEqual({ _tag: 'Conflict' });
    expect(await world.bus.write(KEY, 'second', revision)).toEqual({ _tag: 'Conflict' });
  });

  inWorld('fault 29: a refusal that cannot be looked into is Unknown', async (world) => {
    await writeFirst(world);
    world.suffer(bare(503), 'HEAD');
    expect((await world.bus.write(KEY, 'second', undefined))._tag).toBe('Unknown');
  });
});

describe('S3 signal bus', () => {
  const credentials = { accessKeyId: 'access', secretAccessKey: 'secret' };

  test('fault 5: nobody listens, or listens without TLS: Unavailable, and the way out', async () => {
    const proxy = await faultyProxy('http://127.0.0.1:9');
    const { port } = new URL(proxy.url);
    const settings = { bucket: 'signals', region: 'us-east-1', pathStyle: true, credentials };
    const withoutTls = await s3SignalBus({ ...settings, endpoint: `https://127.0.0.1:${port}` }).read(KEY, undefined);
    expect(withoutTls._tag).toBe('Unavailable');
    await proxy.close();
    const refused = await s3SignalBus({ ...settings, endpoint: proxy.url }).read(KEY, undefined);
    expect(refused._tag).toBe('Unavailable');
    expect(detailOf(refused)).toMatch(/read s3:\/\/signals\/chef-run-triggers\/basalt\/prod-1: .*check the endpoint/);
  });

  test('N12, fault 35: a clock that S3 calls skewed is Denied, and the next request is signed by the time that S3 told', async () => {
    const server = await recordedS3();
    const proxy = await faultyProxy(server.url);
    try {
      const bus = s3SignalBus({
        bucket: 'signals',
        region: 'us-east-1',
        endpoint: proxy.url,
        pathStyle: true,
        credentials,
      });
      const skewed = xml(403, 'RequestTimeTooSkewed');
      const date = 'Fri, 01 Jan 2100 00:00:00 GMT';
      proxy.misbehave(() => (skewed._tag === 'Answer' ? { ...skewed, headers: { date } } : skewed));
      const reading = await bus.read(KEY, undefined);
      expect(reading._tag).toBe('Denied');
      expect(detailOf(reading)).toContain("set this machine's clock");
      proxy.misbehave(() => ({ _tag: 'None' }));
      expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Missing' });
      expect(proxy.requests.map(({ headers }) => String(headers['x-amz-date']).slice(0, 4))[1]).toBe('2100');
    } finally {
      await proxy.close();
      await server.close();
    }
  });
});
