/** Prints the name by which this process signs its temporaries, and stays. */
import { nodeFileSystem } from '../../../src/adapters/durable-files/index.ts';

process.stdout.write(`${await nodeFileSystem.author()}\n`);
process.stdin.resume();
