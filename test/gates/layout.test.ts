/**
 * What the tree promises its readers: every public file is reachable from its entry point, and names say one thing.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './tool.ts';

const filesIn = (folder: string): readonly string[] =>
  globSync('*.ts', { cwd: join(ROOT, folder) })
    .filter((file) => file !== 'index.ts')
    .toSorted();

const indexOf = (folder: string): string => readFileSync(join(ROOT, folder, 'index.ts'), 'utf8');

describe.each([
  ['src/domain', (file: string) => `export * from './${file}';`],
  ['src/ports', (file: string) => `export type * from './${file}';`],
])('%s/index.ts', (folder, line) => {
  it('exports every file beside it, in alphabetical order', () => {
    const lines = indexOf(folder)
      .split('\n')
      .filter((text) => text.startsWith('export '));
    expect(lines).toEqual(filesIn(folder).map(line));
  });
});

describe('entry points', () => {
  const adapters = globSync('src/adapters/*/', { cwd: ROOT }).map((folder) => folder.replace(/\/$/, ''));
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  };
  const apps = Object.values(exports).flatMap((target) => {
    const [, folder] =
      (typeof target === 'string' ? '' : target.default).match(/^\.\/dist\/(apps\/.*)\/index\.js$/) ?? [];
    return folder === undefined ? [] : [`src/${folder}`];
  });

  it.each([...adapters, ...apps].toSorted())('%s has an index.ts, which is what package.json exports', (folder) => {
    expect(existsSync(join(ROOT, folder, 'index.ts'))).toBe(true);
  });
});

describe('files', () => {
  const files = globSync('src/**/*.*', { cwd: ROOT });

  it('stand in the folders that the layout names', () => {
    const units = new Set(files.map((file) => file.split('/')[1]));
    expect([...units].toSorted()).toEqual(['adapters', 'apps', 'domain', 'ports', 'tsconfig.json']);
  });

  it('are named in kebab-case, after what they hold', () => {
    const names = files.filter((file) => file.endsWith('.ts')).map((file) => basename(file));
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(name))).toEqual([]);
    expect(names.filter((name) => /^(utils?|helpers?|common|misc)\.ts$/.test(name))).toEqual([]);
  });
});
