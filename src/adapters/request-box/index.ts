/**
 * A directory in which people leave small documents for a daemon.
 *
 * @module
 */
export { type BoxedRequest, type BoxReading, type RequestBox, requestBox, type RequestPut } from './request-box.ts';
