/**
 * The daemons that are killed: the executable as it is published, and copies of it with a defect each, which the judge must
 * find out.
 *
 * @module
 */
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';
import { mustRun, ROOT } from '../gates/tool.ts';

/** A program and its arguments, which runs as a Summoner in a directory with a `config.yaml`. */
export type Daemon = readonly [command: string, ...args: readonly string[]];

/** Makes a package of `folder`, for what is built there to run in. */
const packageIn = (folder: string): void => {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), readFileSync(join(ROOT, 'package.json')));
};

/** Builds the executable in `folder`, an empty one. */
export const realDaemon = async (folder: string): Promise<Daemon> => {
  packageIn(folder);
  await mustRun('node', ['build/bundle.ts', join(folder, 'dist/bin')]);
  return [process.execPath, join(folder, 'dist/bin/signalbox.js'), '--config', 'config.yaml', 'summoner'];
};

/** What a daemon does wrong with its state. */
export const DEFECTS = [
  /** Writes over the file that lies there, instead of replacing it. */
  'writes-in-place',
  /** Says that it is stored, and stores it a little later. */
  'writes-behind',
  /** Does not store that a run begins. */
  'forgets-runs',
  /** Starts from nothing every time. */
  'forgets-all',
] as const;

export type Defect = (typeof DEFECTS)[number];

/** Builds daemons with each of the defects in `folder`, an empty one. */
export const brokenDaemons = async (folder: string): Promise<(defect: Defect) => Daemon> => {
  packageIn(folder);
  const program = join(folder, 'broken-daemon.js');
  await build({
    entryPoints: [join(ROOT, 'test/crash/broken-daemon.ts')],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    // As quick to start as the real one: what is loaded on demand only stays outside.
    external: ['@google-cloud/*', '@aws-sdk/*'],
    banner: { js: "import{createRequire as requireOf}from'node:module';const require=requireOf(import.meta.url);" },
    logLevel: 'warning',
  });
  return (defect) => [process.execPath, program, defect];
};
