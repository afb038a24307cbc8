/**
 * A clock that runs faster than real time: for demonstrations in which hours pass in seconds while everything else is
 * real.
 *
 * @module
 */
export * from './paced-clock.ts';
