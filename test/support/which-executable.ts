/** Looking for the tools that some tests need, so that they can skip and say so. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where an executable is found on the machine; undefined when it is not. */
export const whichExecutable = (name: string): string | undefined =>
  (process.env['PATH'] ?? '/usr/bin:/bin')
    .split(':')
    .map((directory) => join(directory, name))
    .find((path) => existsSync(path));
