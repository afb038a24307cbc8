/**
 * How JavaScript runs in a daemon that does a few milliseconds of work in a minute: for size and not for speed.
 *
 * @module
 */
import { setFlagsFromString } from 'node:v8';

/**
 * - `--optimize-for-size`: garbage is collected early, instead of the heap growing for bursts that never come.
 * - The others leave out the compilers to machine code: nothing here runs often enough to pay for what they keep in memory.
 *
 * All of them are looked at whenever V8 decides anew, so that they hold from now on.
 */
const FLAGS = ['--optimize-for-size', '--no-sparkplug', '--no-maglev', '--no-opt'];

/**
 * Keeps the heap of this process small from now on. To be called when most of the code is loaded: under other flags than
 * Node was built with, V8 refuses what Node has compiled of its own modules beforehand, and compiles them anew.
 */
export const keepHeapSmall = (): void => {
  for (const flag of FLAGS) setFlagsFromString(flag);
};
