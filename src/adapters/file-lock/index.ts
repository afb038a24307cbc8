/**
 * A kernel lock on a file, taken by flock(1) and held by this process.
 *
 * @module
 */
export * from './file-lock.ts';
