export type { Probe } from '../ports/probe.ts'; // bites: depcruise domain-inward
export { adapter } from '../adapters/memory/adapter.ts'; // bites: depcruise domain-inward
export { createHash } from 'node:crypto'; // bites: depcruise domain-inward
export { parse } from 'yaml'; // bites: depcruise domain-inward
export { fault } from './inner.ts';
