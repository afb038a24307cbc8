/**
 * Which commit a directory is at, as Git knows it.
 *
 * @module
 */
export { gitCommitSource } from './git-commit-source.ts';
