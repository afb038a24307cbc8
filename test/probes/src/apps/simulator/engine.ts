export { readFileSync } from 'node:fs'; // bites: depcruise simulation-without-effects
export { createHash } from 'node:crypto';
