/**
 * What a bundle makes of the libraries: their leanest form, and their licences.
 *
 * @module
 */
import { globSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Metafile, Plugin } from 'esbuild';

/** The folder that holds package.json. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The sources name the files of fp-ts that plain Node finds; those beside them hold the same as ES modules. */
export const modulesOfFpTs: Plugin = {
  name: 'modules-of-fp-ts',
  setup: (build) => {
    build.onResolve({ filter: /^fp-ts\/lib\// }, ({ path }) => ({
      path: join(ROOT, 'node_modules', path.replace('/lib/', '/es6/')),
      sideEffects: false,
    }));
  },
};

/**
 * Whoever imports `node:http` as an ES module makes Node look at all that it exports, and with that load its client for
 * WebSockets, which takes 20 ms and 3 MB; `require` does not look.
 */
export const httpByRequire: Plugin = {
  name: 'http-by-require',
  setup: (build) => {
    build.onResolve({ filter: /^(?:node:)?http$/ }, ({ kind }) =>
      kind === 'require-call' ? undefined : { path: 'node:http', namespace: 'by-require' },
    );
    build.onLoad({ filter: /./, namespace: 'by-require' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

/** A change to one file of a library, on whose text it counts: an update of the library may move it. */
interface Trim {
  readonly file: string;
  readonly change: (text: string) => string;
}

/** `{ [_name]: … }` might do anything, to a bundler, and so every operation of S3 stays; `{ "name": … }` cannot. */
const literalKeys = (text: string): string => {
  const texts = new Map(
    [...text.matchAll(/^const (\w+) = ("[^"\n]*");$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  return text.replaceAll(/\[(\w+)\]:/g, (key, name: string) => (texts.has(name) ? `${texts.get(name) ?? ''}:` : key));
};

const TRIMS: readonly Trim[] = [
  { file: '@aws-sdk/client-s3/dist-es/schemas/schemas_0.js', change: literalKeys },
  {
    // Event streams are what S3 answers to a query inside an object, which nobody asks here.
    file: '@smithy/core/dist-es/submodules/event-streams/index.js',
    change: () => `export const resolveEventStreamSerdeConfig = (config) => config;
      export const eventStreamSerdeProvider = () => ({});
      export class EventStreamSerde {}`,
  },
];

/** Applies {@link TRIMS}, and fails where one of them no longer applies. */
export const trims: Plugin = {
  name: 'trims',
  setup: (build) => {
    const left = new Set(TRIMS);
    build.onLoad({ filter: /\.js$/ }, async ({ path }) => {
      const trim = TRIMS.find(({ file }) => path.endsWith(`/node_modules/${file}`));
      if (trim === undefined) return undefined;
      const text = await readFile(path, 'utf8');
      const contents = trim.change(text);
      if (contents !== text) left.delete(trim);
      return { contents };
    });
    build.onEnd(() => ({
      errors: [...left].map(({ file }) => ({
        text: `${file}: expected a file to trim; look how the library has changed`,
      })),
    }));
  },
};

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

const read = (folder: string, file: string): string => readFileSync(join(ROOT, folder, file), 'utf8').trim();

const nameOf = (folder: string): string => {
  const { name, version, license } = JSON.parse(read(folder, 'package.json')) as PackageJson;
  return `${name} ${version} (${license})`;
};

/** The licences of all that is bundled, as they ask; a text that several packages share is there once. */
export const noticesOf = ({ outputs }: Metafile): string => {
  const folders = Object.values(outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([file]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  const byText = new Map<string, readonly string[]>();
  for (const folder of [...new Set(folders)].toSorted()) {
    const files = globSync('{LICEN[CS]E,NOTICE}*', { cwd: join(ROOT, folder) }).toSorted();
    const text = files.map((file) => read(folder, file)).join('\n\n');
    byText.set(text, [...(byText.get(text) ?? []), nameOf(folder)]);
  }
  return [...byText].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`).join(`\n${'-'.repeat(80)}\n\n`);
};
