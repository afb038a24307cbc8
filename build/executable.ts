/**
 * Builds the executable for nodes: one file that holds Node, the agent, its buses, the fallback's app, the bootstrap and
 * the commands of an operator on the node, and that needs no Node, no npm and no package beside it.
 *
 * `node build/executable.ts [--arch x64|arm64] [--out FOLDER]`; the folder is `dist/executable`. Into it go
 * `signalbox-linux-ARCH` and the licences of all that is in it. The same sources, dependencies and tools make the same bytes.
 *
 * @module
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build as bundle, type BuildOptions, type Metafile, type Plugin, transformSync } from 'esbuild';
import { httpByRequire, modulesOfFpTs, noticesOf, ROOT, trims } from './libraries.ts';

const ARCHITECTURES = ['x64', 'arm64'] as const;

const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: process.arch },
    out: { type: 'string', default: join(ROOT, 'dist/executable') },
  },
});
const arch = ARCHITECTURES.find((known) => known === values.arch);
if (process.platform !== 'linux' || arch === undefined) {
  console.error(
    `executable: expected Linux and --arch ${ARCHITECTURES.join(' or ')}; got ${process.platform}, ${values.arch}`,
  );
  process.exit(64);
}
const isForeign = arch !== process.arch;
const folder = resolve(values.out);
const executable = join(folder, `signalbox-linux-${arch}`);

/** What steers a fleet, or plays with one, and has nothing to do on a node. */
const ELSEWHERE = /^src\/apps\/(builder|chef-servers|demo|forecast|librarian|notifiers|simulator)\//;

/** In the place of a command that is not in the executable: whoever calls it is told where it is. */
const commandsElsewhere: Plugin = {
  name: 'commands-elsewhere',
  setup: (build) => {
    build.onResolve({ filter: /^\.{1,2}\// }, ({ path, kind, resolveDir }) => {
      const file = relative(ROOT, resolve(resolveDir, path));
      return kind === 'dynamic-import' && ELSEWHERE.test(file)
        ? { path: 'elsewhere', namespace: 'elsewhere' }
        : undefined;
    });
    build.onLoad({ filter: /./, namespace: 'elsewhere' }, () => ({
      contents: `throw new Error('this command is not in the executable for nodes; install the npm package signalbox, which has it');`,
    }));
  },
};

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };

/** Node as npm has it, of the release that runs the tests: a package for each kind of machine. */
const nodeFor = (scratch: string): { readonly executable: string; readonly licence: string } => {
  const name = `node-linux-${arch}`;
  writeFileSync(join(scratch, 'package.json'), '{ "private": true }\n');
  // By force, since npm refuses what is for another machine.
  const into = [
    '--prefix',
    scratch,
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    '--ignore-scripts',
    '--force',
    '--loglevel=error',
  ];
  execFileSync('npm', ['install', ...into, `${name}@${process.versions.node}`], { cwd: scratch, stdio: 'ignore' });
  const installed = join(scratch, 'node_modules', name);
  return { executable: join(installed, 'bin/node'), licence: join(installed, 'LICENSE') };
};

const MAIN = 'main.cjs';
const CHUNKS = 'chunks';

/** How all that goes into the executable is written. */
const FORM = {
  platform: 'node',
  target: 'node24',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
} satisfies BuildOptions;

/** Where in Node's executable the blob is looked for, and the words that tell it to look. */
const BLOB = 'NODE_SEA_BLOB';
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/**
 * Writes the code into the folder {@link CHUNKS} of `scratch`, split into pieces, each of which is loaded when it is needed.
 * As one script a Summoner would hold the text of all of it, 1.6 MB, of which it needs a third.
 */
const writeChunks = async (scratch: string): Promise<Metafile> => {
  const { outputFiles, metafile } = await bundle({
    ...FORM,
    entryPoints: { main: join(ROOT, 'src/apps/main.ts') },
    absWorkingDir: ROOT,
    outdir: CHUNKS,
    bundle: true,
    // The bundler splits ES modules only; of these Node takes nothing compiled, and so they become CommonJS below.
    splitting: true,
    format: 'esm',
    mainFields: ['module', 'main'],
    conditions: ['module'],
    plugins: [commandsElsewhere, httpByRequire, modulesOfFpTs, trims],
    define: {
      SIGNALBOX_VERSION: JSON.stringify(version),
      // Asked for only where that version is not known.
      'import.meta.url': '"file:///"',
    },
    metafile: true,
    write: false,
  });
  mkdirSync(join(scratch, CHUNKS));
  for (const { path, text } of outputFiles) {
    // A first line for the shell is allowed at the start of a file only, which a piece is not.
    const { code } = transformSync(text.replace(/^#!.*\n/, ''), {
      ...FORM,
      format: 'cjs',
      supported: { 'dynamic-import': false },
    });
    writeFileSync(join(scratch, CHUNKS, basename(path)), code);
  }
  return metafile;
};

/**
 * Compiled beforehand, the code starts with a third less work; but only the same build of Node can compile it. With a fixed
 * seed the same code compiles to the same bytes, and Node takes them all the same.
 */
const compileChunks = (node: string, scratch: string): void => {
  const tool = join(ROOT, 'build/compile-chunks.ts');
  execFileSync(node, ['--random-seed=1', tool, join(scratch, CHUNKS)], {
    // Keys that nobody checks, and nothing of this machine.
    env: { HOME: scratch, AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
};

/** Debugging symbols are a seventh of Node's size. Another architecture's binutils need not be here. */
const strip = (file: string): void => {
  const tool = isForeign ? `${arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu-strip` : 'strip';
  try {
    execFileSync(tool, [file], { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    console.error(`executable: ${tool} is not installed, so that Node's debugging symbols stay in it`);
  }
};

mkdirSync(folder, { recursive: true });
const scratch = mkdtempSync(join(tmpdir(), 'signalbox-executable-'));
try {
  const metafile = await writeChunks(scratch);
  await bundle({
    ...FORM,
    entryPoints: [join(ROOT, 'build/executable-main.ts')],
    outfile: join(scratch, MAIN),
    bundle: true,
    format: 'cjs',
  });

  const node = nodeFor(scratch);
  if (!isForeign) compileChunks(node.executable, scratch);
  const assets = Object.fromEntries(
    readdirSync(join(scratch, CHUNKS))
      .toSorted()
      .map((name) => [name, join(CHUNKS, name)]),
  );
  // Without paths, which would be in the blob.
  const [sea, blob] = ['sea.json', 'blob'];
  writeFileSync(
    join(scratch, sea),
    JSON.stringify({
      main: MAIN,
      output: blob,
      disableExperimentalSEAWarning: true,
      // Who asks an agent to run now, before it listens, is not to open a process of root's to a debugger.
      execArgv: ['--disable-sigusr1'],
      assets,
    }),
  );
  const writer = isForeign ? process.execPath : node.executable;
  execFileSync(writer, [`--experimental-sea-config=${sea}`], { cwd: scratch, stdio: 'ignore' });

  const unfinished = `${executable}.new`;
  copyFileSync(node.executable, unfinished);
  chmodSync(unfinished, 0o755);
  strip(unfinished);
  // It warns of names of sections that it cannot keep in order, which are debuggers' business.
  execFileSync(
    join(ROOT, 'node_modules/.bin/postject'),
    [unfinished, BLOB, join(scratch, blob), '--sentinel-fuse', FUSE],
    {
      stdio: 'ignore',
    },
  );

  renameSync(unfinished, executable);
  writeFileSync(
    join(folder, 'NOTICES.txt'),
    `${noticesOf(metafile)}\n${'-'.repeat(80)}\n\nnode ${process.versions.node}\n\n${readFileSync(node.licence, 'utf8')}`,
  );
  console.log(`${executable}: ${statSync(executable).size} bytes`);
} finally {
  rmSync(scratch, { recursive: true });
}
