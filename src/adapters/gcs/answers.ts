import type { GcsAnswer } from './gcs-requests.ts';
import { crc32c } from './multipart-upload.ts';

/** Of an answer that is no success so many bytes are read, for what they say of the reason. */
const REASON_BYTES_MAX = 4_096;

const REASON_LENGTH_MAX = 200;

/** The bytes of a body, or nothing when there are more than `bytesMax`: then the rest is not waited for (fault 8). */
export const bytesWithin = async (
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<Uint8Array | undefined> => {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > bytesMax) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
};

/** A field of the JSON object in a body, when there is such an object with text in that field. */
export const textField = (bytes: Uint8Array | undefined, ...path: readonly string[]): string | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes ?? []).toString());
  } catch {
    return undefined;
  }
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, name)?.value;
  }
  return typeof value === 'string' ? value : undefined;
};

/** The server's own words for why it did not do what it was asked, on one line; empty when it has none. */
export const reasonIn = async ({ body }: GcsAnswer): Promise<string> => {
  const bytes = await bytesWithin(body, REASON_BYTES_MAX);
  const said = textField(bytes, 'error', 'message') ?? Buffer.from(bytes ?? []).toString();
  return said
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, REASON_LENGTH_MAX);
};

const WAYS_OUT_BY_STATUS: Readonly<Record<number, string>> = {
  401: 'renew the credentials',
  403: 'allow it in the policy of the bucket',
};

/** A status and what was said with it, and the way out of a refusal. */
export const describeAnswer = (status: number, reason: string): string => {
  const wayOut = WAYS_OUT_BY_STATUS[status];
  return `got status ${status}${reason === '' ? '' : `: ${reason}`}${wayOut === undefined ? '' : `; ${wayOut}`}`;
};

const hashOf = (headers: Headers, kind: string): string | undefined =>
  headers
    .get('x-goog-hash')
    ?.split(',')
    .map((hash) => hash.trim())
    .find((hash) => hash.startsWith(`${kind}=`))
    ?.slice(kind.length + 1);

/**
 * What is wrong with bytes that came with these headers, or nothing. The checksum is one of the stored bytes, which are
 * not the ones sent where Cloud Storage unpacks them first.
 */
export const checksumFault = (headers: Headers, bytes: Uint8Array): string | undefined => {
  const expected = hashOf(headers, 'crc32c');
  const isAsStored = (headers.get('x-goog-stored-content-encoding') ?? 'identity') === 'identity';
  if (expected === undefined || !isAsStored) return undefined;
  const got = crc32c(bytes);
  return got === expected ? undefined : `expected bytes with CRC-32C ${expected}, got ${bytes.length} with ${got}`;
};

const REFUSALS: readonly number[] = [401, 403];

/** Whether a status says that we may not; a token server says so with 400 as well. */
export const isRefusal = (status: number): boolean => REFUSALS.includes(status);

/** Whether there was no answer because a token server refused us. No status of Cloud Storage itself is ever thrown. */
export const isRefusedToken = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'status' in error &&
  typeof error.status === 'number' &&
  (error.status === 400 || isRefusal(error.status));

const MESSAGE_LENGTH_MAX = 1_000;

/** What Google's libraries say where they find no credentials, or none that they can use, and the way out. */
const WAYS_OUT: readonly (readonly [RegExp, string])[] = [
  [
    /^Could not load the default credentials/,
    'give this process application default credentials: GOOGLE_APPLICATION_CREDENTIALS, workload identity, or the service account of the machine',
  ],
  [/GOOGLE_APPLICATION_CREDENTIALS/, 'correct that variable, or the file that it names'],
  [
    /^The file at .* does not exist/,
    'look for what writes that file: the credentials take the token of this workload from it',
  ],
];

/** Of credentials that cannot be read a parser cites the beginning, which may be that of a key. */
const withoutCitation = (message: string): string =>
  message.replace(/(?:Unexpected|Expected|Unterminated|Bad|No)\b.*\bJSON\b.*$/s, 'expected JSON');

const wayOutOf = (error: unknown, message: string): string | undefined =>
  isRefusedToken(error)
    ? 'renew the credentials, and let their identity act as the service account that they name'
    : WAYS_OUT.find(([said]) => said.test(message))?.[1];

/** What went wrong when there was no answer, and the way out where one is known; never what is secret of credentials. */
export const describeFailure = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error);
  const said = withoutCitation(message).replaceAll(/\s+/g, ' ').slice(0, MESSAGE_LENGTH_MAX);
  const wayOut = wayOutOf(error, message);
  return wayOut === undefined ? said : `${said}; ${wayOut}`;
};
