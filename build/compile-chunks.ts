/**
 * Compiles the pieces of the executable for nodes beforehand: writes beside each what V8 makes of it.
 *
 * V8 compiles a function when it is first called. So that what every Summoner calls is compiled already, this process is a
 * Summoner as well: one that starts, opens a bucket without asking it, decides that a first run is due, and ends.
 *
 * `node build/compile-chunks.ts FOLDER`, by the very Node that is in the executable: another one's are refused.
 *
 * @module
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import v8 from 'node:v8';
import { compile, compiledOf, FIRST, requireFrom } from './chunks.ts';

const folder = process.argv[2] ?? '.';

const scripts = new Map(
  readdirSync(folder)
    .toSorted()
    .map((name) => [name, compile(name, { text: readFileSync(join(folder, name), 'utf8'), compiled: undefined })]),
);

const scriptOf = (name: string) => {
  const script = scripts.get(name);
  if (script === undefined) throw new Error(`compile-chunks: expected ${name} in ${folder}`);
  return script;
};

// What is compiled under other flags than those with which a Summoner starts, its V8 refuses.
v8.setFlagsFromString = () => undefined;

process.on('exit', () => {
  for (const [name, script] of scripts) writeFileSync(join(folder, compiledOf(name)), script.createCachedData());
});

const config = join(import.meta.dirname, 'typical-node.yaml');
process.argv = [process.execPath, 'signalbox', '--config', config, 'summoner', '--once', '--dry-run'];
requireFrom(scriptOf, createRequire(import.meta.url))(FIRST);
