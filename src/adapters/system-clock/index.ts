/**
 * The machine's clock.
 *
 * @module
 */
export { systemClock } from './system-clock.ts';
