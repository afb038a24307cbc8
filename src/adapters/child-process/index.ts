/**
 * Runs processes on this machine.
 *
 * @module
 */
export { childProcessRunner } from './child-process-runner.ts';
