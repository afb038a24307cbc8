/**
 * Bundles the executable for what a node runs all day: the command line, the Summoner and its buses, and of every library
 * only what these use. All other commands stay in the files that the compiler wrote, and are loaded from there.
 *
 * `node build/bundle.ts [FOLDER]`, after the compiler; the folder is `dist/bin`.
 *
 * @module
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle, type Metafile, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = resolve(process.argv[2] ?? join(ROOT, 'dist/bin'));

/** What a Summoner loads on demand; from the sources' other imports on demand the bundle ends. */
const SUMMONERS = /^src\/(apps\/summoner\/|adapters\/s3\/(sdk|signal-bus)\.ts$|adapters\/filesystem\/signal-bus\.ts$)/;

/** Leads from the bundle to the compiler's files, beside whose folder it lies. */
const otherCommands: Plugin = {
  name: 'other-commands',
  setup: (build) => {
    build.onResolve({ filter: /^\.{1,2}\// }, ({ path, kind, resolveDir }) => {
      const file = relative(ROOT, resolve(resolveDir, path));
      if (kind !== 'dynamic-import' || !file.startsWith('src/') || SUMMONERS.test(file)) return undefined;
      return { path: file.replace(/^src\//, '../').replace(/\.ts$/, '.js'), external: true };
    });
  },
};

/** The sources name the files of fp-ts that plain Node finds; those beside them hold the same as ES modules. */
const modulesOfFpTs: Plugin = {
  name: 'modules-of-fp-ts',
  setup: (build) => {
    build.onResolve({ filter: /^fp-ts\/lib\// }, ({ path }) => ({
      path: join(ROOT, 'node_modules', path.replace('/lib/', '/es6/')),
      sideEffects: false,
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

const trims: Plugin = {
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
const noticesOf = ({ outputs }: Metafile): string => {
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

const { metafile } = await bundle({
  entryPoints: { signalbox: join(ROOT, 'src/apps/main.ts') },
  absWorkingDir: ROOT,
  outdir: FOLDER,
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.12',
  mainFields: ['module', 'main'],
  conditions: ['module'],
  external: ['@google-cloud/storage'],
  plugins: [otherCommands, modulesOfFpTs, trims],
  minify: true,
  legalComments: 'none',
  // What is no ES module asks for Node's own modules by `require`.
  banner: { js: "import{createRequire as requireOf}from'node:module';const require=requireOf(import.meta.url);" },
  metafile: true,
  logLevel: 'warning',
});
writeFileSync(join(FOLDER, 'NOTICES.txt'), noticesOf(metafile));
