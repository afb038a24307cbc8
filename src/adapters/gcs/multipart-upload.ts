import { randomUUID } from 'node:crypto';
import { CRC32C } from '@google-cloud/storage';

/** What is said of an object that is uploaded. */
export interface ObjectMetadata {
  readonly contentType: string;
  /** CRC-32C of the content, as Cloud Storage writes it: the server refuses other bytes. */
  readonly crc32c?: string;
}

/** The two ends of an upload's body; the content stands between them. */
export interface MultipartEnvelope {
  readonly contentType: string;
  readonly head: Buffer;
  readonly tail: Buffer;
}

/** A CRC-32C that is still being summed up, in base64 as Cloud Storage writes it. */
export interface RunningCrc32c {
  readonly add: (bytes: Uint8Array) => void;
  readonly digest: () => string;
}

/** CRC-32C of no bytes yet. */
export const runningCrc32c = (): RunningCrc32c => {
  const sum = new CRC32C();
  return {
    add: (bytes) => sum.update(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    digest: () => sum.toString(),
  };
};

/** CRC-32C of bytes. */
export const crc32c = (bytes: Uint8Array): string => {
  const sum = runningCrc32c();
  sum.add(bytes);
  return sum.digest();
};

/**
 * An upload in one request: what is said of the object, and its content. What is stored may change at any time, so no
 * cache on the way is to keep it, as the ones of public objects would.
 */
export const multipartEnvelope = (metadata: ObjectMetadata): MultipartEnvelope => {
  const boundary = `signalbox-${randomUUID()}`;
  const parts = [
    `--${boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n`,
    JSON.stringify({ cacheControl: 'no-store', ...metadata }),
    `\r\n--${boundary}\r\nContent-Type: ${metadata.contentType}\r\n\r\n`,
  ];
  return {
    contentType: `multipart/related; boundary=${boundary}`,
    head: Buffer.from(parts.join('')),
    tail: Buffer.from(`\r\n--${boundary}--\r\n`),
  };
};
