/**
 * The executable for nodes, as `build/executable.ts` makes it of Node.
 *
 * @module
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { mustRun } from '../gates/tool.ts';

const build = async (): Promise<string | undefined> => {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-executable-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  await mustRun('node', ['build/executable.ts', '--out', folder]);
  const file = join(folder, `signalbox-linux-${process.arch}`);
  if (!existsSync(file)) throw new Error(`build/executable.ts: expected to write ${file}`);
  return file;
};

let building: Promise<string | undefined> | undefined;

/** The executable, built once for all sections and gone with this process; nothing where there is none for the machine. */
export const packagedExecutable = (): Promise<string | undefined> => (building ??= build());

/** Why a section of the executable measures nothing. */
export const NOT_PACKAGED = {
  _tag: 'Skipped',
  reason: 'executables are built for Linux on x64 and arm64, and this machine is another',
} as const;
