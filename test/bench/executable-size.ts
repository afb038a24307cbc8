import { statSync } from 'node:fs';
import process from 'node:process';
import { NOT_PACKAGED, packagedExecutable } from './packaged.ts';
import type { Section } from './section.ts';

/** What the executable for nodes takes on a disk: Node without its symbols for debuggers, and Signalbox. */
export const executableSize: Section = {
  name: 'executable-size',
  what: 'size of the executable for nodes',
  alternative: 'the executable of the same Node',
  goal: { _tag: 'RatioAtMost', ratio: 1 },
  measure: async () => {
    const executable = await packagedExecutable();
    if (executable === undefined) return NOT_PACKAGED;
    return {
      _tag: 'Weighed',
      bytes: statSync(executable).size,
      alternativeBytes: statSync(process.execPath).size,
    };
  },
};
