/** What goes wrong between a bus in Cloud Storage and its reader or writer, by number, and the answer that it ends in. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Storage } from '@google-cloud/storage';
import * as E from 'fp-ts/lib/Either.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type GcsSettings, gcsSignalBus } from '../../../src/adapters/gcs/index.ts';
import { EnvironmentName, nameFromLiteral, StackName } from '../../../src/domain/names.ts';
import { decodeSignal, SIGNAL_BYTES_MAX, type SignalKey } from '../../../src/domain/signal.ts';
import { apiError, type Exchange, type FakeAnswer, fakeGcs, type FakeGcs } from '../../support/fake-gcs.ts';
import { bucketAt, type TestBucket } from '../../support/gcs-buckets.ts';

const KEY: SignalKey = {
  stack: nameFromLiteral(StackName)('basalt'),
  environment: nameFromLiteral(EnvironmentName)('prod-1'),
};
const NAME = 'chef-run-triggers/basalt/prod-1';

/** Long enough for whatever answers at all, short enough to be waited for. */
const DEADLINE_MS = 300;

let fake: FakeGcs;
let bucket: TestBucket;

beforeEach(async () => {
  fake = await fakeGcs();
  bucket = await bucketAt(fake.endpoint);
});

afterEach(() => fake.close());

const busWith = (settings: Partial<GcsSettings> = {}) => gcsSignalBus({ ...bucket.settings, ...settings });

/** Interferes from now on, and forgets what was asked before. */
const interfere = (act?: (exchange: Exchange) => void | Promise<void>): void => {
  fake.requests.length = 0;
  fake.interfere(act);
};

const landed = async (body: string): Promise<string> => {
  const outcome = await busWith().write(KEY, body, undefined);
  if (outcome._tag !== 'Landed') throw new Error(JSON.stringify(outcome));
  return outcome.revision;
};

/** An object's answer with another body, whose length and checksum are as they should be or not at all. */
const objectOf = (body: Uint8Array | string, headers: Readonly<Record<string, string>> = {}): FakeAnswer => ({
  status: 200,
  headers: { 'x-goog-generation': '1700000000000001', ...headers },
  body: Buffer.from(body),
});

const closed = (exchange: Exchange): Promise<unknown> => once(exchange.response, 'close');

const detail = (text: string | RegExp): unknown =>
  typeof text === 'string' ? (expect.stringContaining(text) as unknown) : (expect.stringMatching(text) as unknown);

describe('one look is one request, and nothing beside it', () => {
  test('whether it is answered with a body, with 304, or with nothing there', async () => {
    const bus = busWith();
    interfere();
    expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Missing' });
    const revision = await landed('{}');
    interfere();
    expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Fresh', body: '{}', revision });
    expect(await bus.read(KEY, revision)).toEqual({ _tag: 'Unchanged' });
    expect(await bus.read(KEY, '1')).toEqual({ _tag: 'Fresh', body: '{}', revision });
    const path = `/storage/v1/b/${bucket.settings.bucket}/o/${encodeURIComponent(`${bucket.settings.prefix ?? ''}/${NAME}`)}`;
    expect(fake.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `GET ${path}?alt=media`,
      `GET ${path}?alt=media&ifGenerationNotMatch=${revision}`,
      `GET ${path}?alt=media&ifGenerationNotMatch=1`,
    ]);
  });

  test('one write is one request under a condition', async () => {
    interfere();
    const first = await landed('{}');
    expect((await busWith().write(KEY, '{"a": 1}', first))._tag).toBe('Landed');
    const name = encodeURIComponent(`${bucket.settings.prefix ?? ''}/${NAME}`).replaceAll('%20', '+');
    const path = `/upload/storage/v1/b/${bucket.settings.bucket}/o?uploadType=multipart&name=${name}`;
    expect(fake.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `POST ${path}&ifGenerationMatch=0&fields=generation%2Ccrc32c`,
      `POST ${path}&ifGenerationMatch=${first}&fields=generation%2Ccrc32c`,
    ]);
  });

  test('no cache keeps a signal, and nobody packs it, which would hide its checksum', async () => {
    let sent = '';
    interfere(async ({ perform, send }) => send(await perform((body) => (sent = body.toString()))));
    const revision = await landed('{}');
    expect(sent).toContain('"cacheControl":"no-store"');
    interfere();
    await busWith().read(KEY, revision);
    expect(fake.requests[0]?.headers).toMatchObject({ 'cache-control': 'no-cache', 'accept-encoding': 'identity' });
  });

  test('a revision that can be no generation is never sent: not even 0, which would create', async () => {
    const revision = await landed('{}');
    interfere();
    for (const stale of ['0', '-1', '007', 'etag', '9'.repeat(19), `${revision} `]) {
      expect(await busWith().write(KEY, 'other', stale)).toEqual({ _tag: 'Conflict' });
      expect(await busWith().read(KEY, stale)).toEqual({ _tag: 'Fresh', body: '{}', revision });
    }
    expect(fake.requests.every(({ url }) => !url.includes('ifGeneration'))).toBe(true);
  });
});

describe('what is read', () => {
  test('fault 1: a missing key is missing; a missing bucket is a mistake, and says so', async () => {
    expect(await busWith().read(KEY, undefined)).toEqual({ _tag: 'Missing' });
    const elsewhere = busWith({ bucket: 'no-such-bucket' });
    expect(await elsewhere.read(KEY, undefined)).toEqual({
      _tag: 'Unavailable',
      detail: detail('bucket does not exist'),
    });
    expect(await elsewhere.write(KEY, '{}', undefined)).toEqual({
      _tag: 'Unknown',
      detail: detail('bucket does not exist'),
    });
  });

  test.each([401, 403])('fault 2: %i is denied, with what the server said and for which object', async (status) => {
    interfere(({ send }) => send(apiError(status, 'Caller does not have storage.objects.get access')));
    const reading = await busWith().read(KEY, '5');
    expect(reading).toEqual({ _tag: 'Denied', detail: detail('does not have storage.objects.get access') });
    expect(reading).toEqual({ _tag: 'Denied', detail: detail(`gs://${bucket.settings.bucket}/`) });
    expect(fake.requests).toHaveLength(1);
  });

  test('fault 3: 304 is unchanged, and no error', async () => {
    interfere(({ send }) => send({ status: 304, headers: {}, body: Buffer.alloc(0) }));
    expect(await busWith().read(KEY, '5')).toEqual({ _tag: 'Unchanged' });
  });

  test.each([429, 500, 502, 503, 504, 400, 412])(
    'fault 4: %i is unavailable at once: when to ask again is the caller’s to know',
    async (status) => {
      interfere(({ send }) =>
        send(apiError(status, 'We encountered an internal error.\u001b[31m\r\nPlease try again.')),
      );
      expect(await busWith().read(KEY, '5')).toEqual({
        _tag: 'Unavailable',
        detail: detail(`got status ${status}: We encountered an internal error. [31m Please try again.`),
      });
      expect(fake.requests).toHaveLength(1);
    },
  );

  describe('fault 5: the network', () => {
    test('refuses the connection', async () => {
      await fake.close();
      expect(await busWith().read(KEY, undefined)).toEqual({ _tag: 'Unavailable', detail: detail('ECONNREFUSED') });
      expect(await busWith().write(KEY, '{}', undefined)).toEqual({ _tag: 'Unknown', detail: detail('ECONNREFUSED') });
      fake = await fakeGcs();
    });

    test('resets it', async () => {
      interfere(({ response }) => void response.destroy());
      expect((await busWith().read(KEY, undefined))._tag).toBe('Unavailable');
      expect(fake.requests).toHaveLength(1);
    });

    test('has no TLS where there should be, and nothing is said in the clear', async () => {
      let heard = Buffer.alloc(0);
      const plain = createServer((socket) => {
        socket.on('data', (bytes) => {
          heard = Buffer.concat([heard, bytes]);
          socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
        });
        socket.on('error', () => undefined);
      }).listen(0, '127.0.0.1');
      await once(plain, 'listening');
      const authClient = new Storage().authClient.fromAPIKey('a-secret');
      const apiEndpoint = `https://127.0.0.1:${(plain.address() as AddressInfo).port}`;
      expect((await busWith({ apiEndpoint, authClient }).read(KEY, undefined))._tag).toBe('Unavailable');
      expect(heard.includes('a-secret')).toBe(false);
      plain.close();
    });

    test('sends us elsewhere, where we do not go', async () => {
      interfere(({ send }) => send({ status: 302, headers: { location: '/login' }, body: Buffer.from('<html>') }));
      expect(await busWith().read(KEY, undefined)).toEqual({ _tag: 'Unavailable', detail: detail('got status 302') });
      expect(fake.requests).toHaveLength(1);
    });
  });

  test('fault 6: a connection that is accepted, and then nothing: the deadline, and the connection is let go', async () => {
    let gone: Promise<unknown> | undefined;
    interfere((exchange) => {
      gone = closed(exchange);
    });
    expect(await busWith({ deadlineMs: DEADLINE_MS }).read(KEY, undefined)).toEqual({
      _tag: 'Unavailable',
      detail: detail(`${DEADLINE_MS} ms`),
    });
    await gone;
    expect(fake.requests).toHaveLength(1);
  });

  test.each([200, 503])('fault 7: a body of status %i that drips: the deadline is a total one', async (status) => {
    let gone: Promise<unknown> | undefined;
    let dripped = 0;
    interfere((exchange) => {
      const { response } = exchange;
      response.writeHead(status, { 'x-goog-generation': '5' });
      const dripping = setInterval(() => {
        dripped += 1;
        response.write(' ');
      }, 10);
      gone = closed(exchange).finally(() => clearInterval(dripping));
    });
    expect(await busWith({ deadlineMs: DEADLINE_MS }).read(KEY, undefined)).toEqual({
      _tag: 'Unavailable',
      detail: detail(`${DEADLINE_MS} ms`),
    });
    await gone;
    expect(dripped).toBeGreaterThan(2);
  });

  test('fault 8: an endless body is cut at 1 MiB, and the rest is not waited for', async () => {
    let gone: Promise<unknown> | undefined;
    let sent = 0;
    interfere((exchange) => {
      gone = closed(exchange);
      const { response } = exchange;
      response.writeHead(200, { 'x-goog-generation': '1700000000000001' });
      const pour = (): void => {
        while (!response.destroyed) {
          sent += 65_536;
          if (!response.write(Buffer.alloc(65_536, ' '))) return;
        }
      };
      response.on('drain', pour);
      pour();
    });
    expect(await busWith().read(KEY, undefined)).toEqual({
      _tag: 'Malformed',
      detail: detail(`at most ${SIGNAL_BYTES_MAX} bytes`),
      revision: '1700000000000001',
    });
    await gone;
    // What lies in the buffers of two sockets comes on top.
    expect(sent).toBeLessThan(32 * SIGNAL_BYTES_MAX);
  });

  test('fault 8: an endless page of error is cut off as well', async () => {
    interfere(({ response }) => {
      response.writeHead(503);
      const pour = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 'x')));
      };
      response.on('drain', pour);
      pour();
    });
    expect(await busWith().read(KEY, undefined)).toEqual({ _tag: 'Unavailable', detail: detail(/got status 503$/) });
  });

  describe('fault 9: a body that is not whole', () => {
    test('cut off on its way is unavailable', async () => {
      interfere(({ response }) => {
        response.writeHead(200, { 'x-goog-generation': '5', 'content-length': 100 });
        response.write('{"Splay": 60', () => response.destroy());
      });
      expect((await busWith().read(KEY, undefined))._tag).toBe('Unavailable');
    });

    test('cut off on its way without a length is unavailable', async () => {
      interfere(({ response }) => {
        response.writeHead(200, { 'x-goog-generation': '5' });
        response.write('{"Splay": 60', () => response.destroy());
      });
      expect((await busWith().read(KEY, undefined))._tag).toBe('Unavailable');
    });

    test('with another checksum than was stored is unavailable', async () => {
      await landed('{"Splay": 60}');
      interfere(async ({ perform, send }) => {
        const answer = await perform();
        send({ ...answer, body: Buffer.from('{"Splay": 61}') });
      });
      expect(await busWith().read(KEY, undefined)).toEqual({ _tag: 'Unavailable', detail: detail('CRC-32C') });
    });

    test.each(['', '{"Splay": 60, "Timest'])(
      'that was stored so, such as %j, is a body, and no signal',
      async (body) => {
        await bucket.plant(NAME, Buffer.from(body));
        const reading = await busWith().read(KEY, undefined);
        expect(reading).toMatchObject({ _tag: 'Fresh', body });
        expect(E.isLeft(decodeSignal(body))).toBe(true);
      },
    );
  });

  describe('fault 10: a body that is no signal', () => {
    test('as it is not UTF-8 is malformed, and can be replaced', async () => {
      await bucket.plant(NAME, Buffer.from([0x7b, 0xff, 0x7d]));
      const reading = await busWith().read(KEY, undefined);
      expect(reading).toMatchObject({ _tag: 'Malformed', detail: detail('expected UTF-8') });
      const revision = reading._tag === 'Malformed' ? reading.revision : undefined;
      expect((await busWith().write(KEY, '{}', revision))._tag).toBe('Landed');
    });

    test.each([
      ['a page', '<html>there is nothing here</html>'],
      ['nothing', ''],
    ])('a 404 with %s is not taken for a missing object', async (_what, body) => {
      interfere(({ send }) => send({ status: 404, headers: {}, body: Buffer.from(body) }));
      expect(await busWith().read(KEY, undefined)).toMatchObject({ _tag: 'Unavailable' });
    });

    test('but somebody’s page to log in is malformed, without a revision', async () => {
      interfere(({ send }) => send({ status: 200, headers: {}, body: Buffer.from('<html>please log in</html>') }));
      expect(await busWith().read(KEY, undefined)).toMatchObject({ _tag: 'Malformed', revision: undefined });
    });

    test.each([
      ['with a byte order mark', '\ufeff{}'],
      ['that is HTML', '<html>please log in</html>'],
      ['that nests deeply', '['.repeat(100_000)],
    ])('%s reaches the decoder, which refuses it', async (_what, body) => {
      interfere(({ send }) => send(objectOf(body)));
      const reading = await busWith().read(KEY, undefined);
      expect(reading._tag === 'Fresh' && reading.body === body).toBe(true);
      expect(E.isLeft(decodeSignal(body))).toBe(true);
    });
  });
});

describe('what is written', () => {
  test('fault 28: of two Librarians that promote from one signal at once one lands, and the other learns of it', async () => {
    const revision = await landed('before');
    const [one, other] = [busWith(), busWith()];
    const outcomes = await Promise.all([
      one.write(KEY, 'by one', revision),
      other.write(KEY, 'by the other', revision),
    ]);
    expect(outcomes.map(({ _tag }) => _tag).sort()).toEqual(['Conflict', 'Landed']);
    const winner = outcomes[0]._tag === 'Landed' ? 'by one' : 'by the other';
    expect(await busWith().read(KEY, revision)).toMatchObject({ _tag: 'Fresh', body: winner });
  });

  const lost: Readonly<Record<string, (exchange: Exchange) => void | Promise<void>>> = {
    'never answered': () => undefined,
    'cut off': ({ response }) => void response.destroy(),
    'answered with 500': ({ send }) => send(apiError(500, 'Internal error')),
    'answered with 503': ({ send }) => send(apiError(503, 'Unavailable')),
    'answered with 504': ({ send }) => send(apiError(504, 'Gateway timeout')),
    'answered with a page': ({ send }) => send({ status: 200, headers: {}, body: Buffer.from('<html>') }),
    'answered with half an answer': ({ response }) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"generation": "1', () => response.destroy());
    },
  };

  test.each(Object.entries(lost))(
    'fault 29: a write that lands and is %s is unknown, asked once, and read back',
    async (_how, answer) => {
      const revision = await landed('before');
      interfere(async (exchange) => {
        await exchange.perform();
        await answer(exchange);
      });
      const outcome = await busWith({ deadlineMs: DEADLINE_MS }).write(KEY, 'after', revision);
      expect(outcome).toEqual({ _tag: 'Unknown', detail: detail(`write gs://${bucket.settings.bucket}/`) });
      // Tried again, it would have met itself, and a success would have been called a conflict.
      expect(fake.requests).toHaveLength(1);
      interfere();
      expect(await busWith().read(KEY, revision)).toMatchObject({ _tag: 'Fresh', body: 'after' });
    },
  );

  test.each(Object.entries(lost))(
    'fault 29: a write that does not land and is %s is unknown, too',
    async (_how, answer) => {
      const revision = await landed('before');
      interfere(answer);
      const outcome = await busWith({ deadlineMs: DEADLINE_MS }).write(KEY, 'after', revision);
      expect(outcome._tag).toBe('Unknown');
      expect(fake.requests).toHaveLength(1);
      interfere();
      expect(await busWith().read(KEY, revision)).toEqual({ _tag: 'Unchanged' });
    },
  );

  test('fault 4: more than about a write a second to one object is unknown, and says what to do', async () => {
    interfere(({ send }) => send(apiError(429, 'The object exceeded the rate limit for object mutation operations')));
    expect(await busWith().write(KEY, '{}', undefined)).toEqual({
      _tag: 'Unknown',
      detail: detail('one write a second'),
    });
    expect(fake.requests).toHaveLength(1);
  });

  test.each([401, 403])('fault 2: %i is unknown, with what the server said', async (status) => {
    interfere(({ send }) => send(apiError(status, 'no storage.objects.create access')));
    expect(await busWith().write(KEY, '{}', undefined)).toEqual({
      _tag: 'Unknown',
      detail: detail('no storage.objects.create access'),
    });
  });

  test('bytes that change on their way are not stored', async () => {
    const revision = await landed('before');
    interfere(async ({ perform, send }) => send(await perform((sent) => sent.toString().replace('after', 'aftes'))));
    expect(await busWith().write(KEY, 'after', revision)).toEqual({ _tag: 'Unknown', detail: detail('checksum') });
    interfere();
    expect(await busWith().read(KEY, revision)).toEqual({ _tag: 'Unchanged' });
  });
});
