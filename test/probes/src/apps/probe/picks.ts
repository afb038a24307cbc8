export { adapter } from '../../adapters/memory/adapter.ts'; // bites: depcruise main-picks-adapters
export { run } from './main.ts'; // bites: depcruise main-is-the-edge
