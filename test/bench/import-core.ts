import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BARE_NODE, compareProcesses } from './compare.ts';
import type { Effort, Measurement, Section } from './section.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CORE = 'domain/index.js';

const compareImport = (index: string, effort: Effort): Measurement =>
  compareProcesses(
    {
      ours: {
        file: process.execPath,
        args: ['--input-type=module', '-e', `import ${JSON.stringify(pathToFileURL(index).href)}`],
      },
      alternative: BARE_NODE,
    },
    effort,
  );

/** What a program pays before its first line for importing the core, the compiler's work done. */
export const importCore: Section = {
  name: 'import-core',
  what: 'import of the built core, wall time',
  alternative: 'node -e 0, which imports nothing',
  measure: async (effort) => {
    const built = join(ROOT, 'dist', CORE);
    if (existsSync(built)) return compareImport(built, effort);
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
    try {
      // What tsc thinks of the apps is not asked here: it writes the core whatever it finds elsewhere.
      spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'src', '--outDir', folder], {
        cwd: ROOT,
      });
      if (!existsSync(join(folder, CORE))) return { _tag: 'Skipped', reason: 'tsc -p src wrote no core' };
      writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
      symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
      return compareImport(join(folder, CORE), effort);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
