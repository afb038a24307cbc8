/**
 * Where artifacts arrive: a file for each, until it has been checked and stored.
 *
 * @module
 */
export * from './artifact-spool.ts';
