/**
 * Bundles the executable for what a node runs all day: the command line, the Summoner and its buses, and of every library
 * only what these use. All other commands stay in the files that the compiler wrote, and are loaded from there.
 *
 * `node build/bundle.ts [FOLDER]`, after the compiler; the folder is `dist/bin`.
 *
 * @module
 */
import { writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { build as bundle, type Plugin } from 'esbuild';
import { httpByRequire, modulesOfFpTs, noticesOf, ROOT, trims } from './libraries.ts';

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
  plugins: [otherCommands, httpByRequire, modulesOfFpTs, trims],
  minify: true,
  legalComments: 'none',
  // What is no ES module asks for Node's own modules by `require`.
  banner: { js: "import{createRequire as requireOf}from'node:module';const require=requireOf(import.meta.url);" },
  metafile: true,
  logLevel: 'warning',
});
writeFileSync(join(FOLDER, 'NOTICES.txt'), noticesOf(metafile));
