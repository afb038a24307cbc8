/**
 * The metadata service of Google Compute Engine.
 *
 * @module
 */
export { gceMetadata, type GceMetadataSettings } from './gce-metadata.ts';
