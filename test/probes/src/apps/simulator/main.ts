/** Every other main.ts may do this. */
export { adapter } from '../../adapters/memory/adapter.ts'; // bites: depcruise simulator-own-world
