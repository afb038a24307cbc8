/**
 * A limit to the time that an operation takes as a whole: what the adapters for remote places share.
 *
 * @module
 */
export { DeadlineExceeded, withDeadline } from './with-deadline.ts';
