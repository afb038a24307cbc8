export type { TaskEither } from 'fp-ts/lib/TaskEither.js'; // bites: depcruise ports-inward
export type { Hash } from 'node:crypto'; // bites: depcruise ports-inward
export type { adapter } from '../adapters/memory/adapter.ts'; // bites: depcruise ports-inward
