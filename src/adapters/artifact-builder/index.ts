/**
 * Builds artifacts from folders of cookbooks.
 *
 * @module
 */
export { artifactBuilder } from './artifact-builder.ts';
