/**
 * A kernel lock on a file, held by flock(1).
 *
 * @module
 */
export * from './file-lock.ts';
