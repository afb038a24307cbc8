export { adapter } from '../memory/adapter.ts'; // bites: depcruise adapters-apart
export { step } from '../../apps/probe/step.ts'; // bites: depcruise adapters-inward
export { readFile } from 'node:fs/promises';
export { parse } from 'yaml'; // bites: depcruise adapters-one-sdk
export { sample } from 'fast-check'; // bites: depcruise adapters-one-sdk, depcruise declared-dependencies
export { support } from '../../../test/support.ts'; // bites: depcruise adapters-inward, depcruise sources-without-tests
