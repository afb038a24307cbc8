/**
 * Text as the bytes that a store keeps of it: what every adapter that holds bodies shares.
 *
 * @module
 */
export { assertDocumentKey, STATE_BYTES_MAX } from './document-key.ts';
export { parseExactJson } from './exact-json.ts';
export { bodyFault, readBody, revisionOf, textOfBytes } from './text-body.ts';
