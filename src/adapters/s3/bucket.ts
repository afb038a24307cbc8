import { Readable } from 'node:stream';
import { isRecord } from '../../domain/decoding.ts';
import { credentialsOf } from './credentials.ts';
import { spelling, type Spelling } from './etag.ts';
import { assertPrivate } from './private-request.ts';
import { requestHandlerOf, SILENT } from './request-handler.ts';
import type * as Sdk from './sdk.ts';
import { assertS3Settings, DEADLINE_MS_DEFAULT, type S3Settings } from './settings.ts';

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

const clientOf = (sdk: typeof Sdk, settings: S3Settings): Sdk.S3Client => {
  const { region, endpoint, pathStyle = false, profile } = settings;
  const client = new sdk.S3Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    ...credentialsOf(settings),
    forcePathStyle: pathStyle,
    // A second attempt of a conditional write that landed answers 412: the ports say Unknown, and their callers read back.
    maxAttempts: 1,
    // Other servers do not know the SDK's trailing checksums; the signature covers every body but a tarball's.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: requestHandlerOf(settings),
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
    const sdk = await import('./sdk.ts');
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
