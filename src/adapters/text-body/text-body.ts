import { hash } from 'node:crypto';
import type { Revision } from '../../ports/conditional-write.ts';

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text that `bytes` are, or nothing when they are not UTF-8.
 *
 * A byte order mark stays in the text: whoever decodes the document refuses it by name (fault 10), which a decoder
 * that swallowed it would prevent.
 */
export const textOfBytes = (bytes: Uint8Array): string | undefined => {
  try {
    return DECODER.decode(bytes);
  } catch {
    return undefined;
  }
};

const HALF_PAIR = /\p{Surrogate}/u;

/**
 * What is wrong with `text` as a body of at most `bytesMax` bytes, or nothing. A text with half a surrogate pair has no
 * UTF-8 form: it would be read back as another text than was written.
 */
export const bodyFault = (text: string, bytesMax: number): string | undefined => {
  if (HALF_PAIR.test(text)) return 'body: expected Unicode text, got half a surrogate pair; nothing was written';
  const bytes = Buffer.byteLength(text);
  return bytes <= bytesMax ? undefined : `body: expected at most ${bytesMax} bytes, got ${bytes}; nothing was written`;
};

/** What is wrong with bytes that were read as a body, and the text when nothing is. */
export const readBody = (
  bytes: Uint8Array,
  bytesMax: number,
): { readonly text: string } | { readonly fault: string } => {
  if (bytes.length > bytesMax) return { fault: `body: expected at most ${bytesMax} bytes, got more` };
  const text = textOfBytes(bytes);
  return text === undefined ? { fault: 'body: expected UTF-8, got other bytes' } : { text };
};

/**
 * Names one state of a key by its content: SHA-256 in lower-case hexadecimal, what `sha256sum` prints. The same content
 * again is the same revision.
 */
export const revisionOf = (bytes: Uint8Array): Revision => hash('sha256', bytes);
