/** A main.ts may do all of this. */
import { env } from 'node:process';
import { adapter } from '../../adapters/memory/adapter.ts';

export const run = (): readonly unknown[] => [adapter, env, process.argv, Date.now(), Math.random()];
