import { Readable } from 'node:stream';
import type * as Sdk from '@aws-sdk/client-s3';
import { isRecord } from '../../domain/decoding.ts';
import { spelling, type Spelling } from './etag.ts';
import { assertS3Settings, DEADLINE_MS_DEFAULT, mayGoWithoutTls, type S3Settings } from './settings.ts';

/** A bucket, and the client that reaches it. */
export interface Bucket {
  readonly name: string;
  /** The key of what the ports call `path`. */
  readonly keyOf: (path: string) => string;
  /** For people: `s3://bucket/key`. */
  readonly addressOf: (key: string) => string;
  readonly deadlineMs: number;
  readonly spelling: Spelling;
  /** Loads the SDK and makes the client, once. */
  readonly reach: () => Promise<{ readonly sdk: typeof Sdk; readonly client: Sdk.S3Client }>;
}

/** An answer that the SDK collects in memory is cut here, in bytes: eight times what a page of a thousand keys takes. */
const COLLECTED_BYTES_MAX = 8_388_608;

/** Nothing that S3 says of an error is as long as this, in bytes. */
const ERROR_BYTES_MAX = 65_536;

/**
 * A connection that idles so long is closed, in milliseconds: well before load balancers and address translators forget it
 * without a word, which would cost the next poll its whole deadline.
 */
const IDLE_MS_MAX = 15_000;

const CONNECTIONS_MAX = 50;

const ignore = (): void => undefined;

/** What goes wrong is an answer; without this the SDK writes some of it to the console as well. */
const SILENT = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

async function* atMost(body: Readable, bytesMax: number): AsyncGenerator<Uint8Array> {
  const pieces: AsyncIterable<Uint8Array> = body;
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > bytesMax) return;
    yield piece;
  }
}

/** Cuts what the SDK would collect without a limit: every body but that of an object (fault 8). */
const limitCollected = (response: unknown, isObject: boolean): void => {
  if (!isRecord(response) || !(response['body'] instanceof Readable)) return;
  const isError = !(Number(response['statusCode']) < 300);
  if (isObject && !isError) return;
  const body = Readable.from(atMost(response['body'], isError ? ERROR_BYTES_MAX : COLLECTED_BYTES_MAX));
  Object.assign(response, { body });
};

/** The settings bind the request that goes out, not only themselves: an endpoint may come from the environment too. */
const assertPrivate = (request: unknown, settings: S3Settings): void => {
  if (!isRecord(request) || request['protocol'] !== 'http:') return;
  const hostname = String(request['hostname']);
  if (mayGoWithoutTls(settings, hostname)) return;
  throw new TypeError(`endpoint: expected https, got http://${hostname}; set allowHttp if that is meant`);
};

const clientOf = (sdk: typeof Sdk, settings: S3Settings): Sdk.S3Client => {
  const { region, endpoint, pathStyle = false, profile, credentials } = settings;
  const agent = { keepAlive: true, maxSockets: CONNECTIONS_MAX, timeout: IDLE_MS_MAX };
  const client = new sdk.S3Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    ...(credentials === undefined ? {} : { credentials }),
    forcePathStyle: pathStyle,
    // A second attempt of a conditional write that landed answers 412: the ports say Unknown, and their callers read back.
    maxAttempts: 1,
    // Other servers do not know the SDK's trailing checksums; the signature covers every body but a tarball's.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { httpAgent: agent, httpsAgent: agent, logger: SILENT },
    logger: SILENT,
  });
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      limitCollected(result.response, context.commandName === 'GetObjectCommand');
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'limitCollected' },
  );
  client.middlewareStack.add(
    (next) => async (args) => {
      assertPrivate(args.request, settings);
      return next(args);
    },
    { step: 'build', name: 'assertPrivate' },
  );
  return client;
};

/**
 * The bucket that `settings` name. Nothing is loaded or asked until it is used: who has chosen another bus need not have
 * the SDK.
 *
 * @throws TypeError when the settings cannot be meant.
 */
export const bucketOf = (settings: S3Settings): Bucket => {
  assertS3Settings(settings);
  const { bucket, prefix = '', deadlineMs = DEADLINE_MS_DEFAULT } = settings;
  const connect = async (): Promise<{ sdk: typeof Sdk; client: Sdk.S3Client }> => {
    const sdk = await import('@aws-sdk/client-s3');
    return { sdk, client: clientOf(sdk, settings) };
  };
  let connecting: ReturnType<typeof connect> | undefined;
  return {
    name: bucket,
    keyOf: (path) => (prefix === '' ? path : `${prefix}/${path}`),
    addressOf: (key) => `s3://${bucket}/${key}`,
    deadlineMs,
    spelling: spelling(),
    reach: () => (connecting ??= connect()),
  };
};
