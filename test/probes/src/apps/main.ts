/** So may the executable, which is made of the others. */
import { adapter } from '../adapters/memory/adapter.ts';
import { run } from './probe/main.ts';

export const all = (): readonly unknown[] => [adapter, process.argv, ...run()];
