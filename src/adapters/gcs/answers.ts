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

/** A status and what was said with it. */
export const describeAnswer = (status: number, reason: string): string =>
  reason === '' ? `got status ${status}` : `got status ${status}: ${reason}`;

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

/** What went wrong when there was no answer. */
export const describeFailure = (error: unknown): string => (error instanceof Error ? error.message : String(error));

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
