/**
 * One question to a metadata service on the machine's own link: what the adapters for those share.
 *
 * @module
 */
export {
  metadataBase,
  type MetadataAnswer,
  metadataDefaults,
  type MetadataLimits,
  type MetadataQuestion,
  MetadataTrouble,
  requestMetadata,
} from './metadata-request.ts';
export { describePatiently, nameIn, textOf } from './describe-patiently.ts';
