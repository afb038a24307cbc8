export { adapter } from '../memory/adapter.ts'; // bites: depcruise adapters-apart
