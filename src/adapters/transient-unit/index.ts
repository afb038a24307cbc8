/**
 * Runs processes as units of systemd, outside the unit of whoever runs them.
 *
 * @module
 */
export { type TransientUnitSettings, transientUnitRunner } from './transient-unit-runner.ts';
