/**
 * What npm would publish works for someone who has nothing else: the tarball is installed into an empty project, every
 * entry point is compiled against and imported under the oldest Node that package.json promises, the one the scripts run
 * on and the newest, the executable answers, a simulation goes the same way under all three, and publint and
 * are-the-types-wrong find nothing.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { KNOWN_TRACES, type KnownTrace } from '../support/known-traces.ts';
import { mustRun, ROOT } from './tool.ts';

const QUIET = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

const isUsualMachine = process.platform === 'linux' && process.arch === 'x64';

/** The oldest Node of `engines`; npm has this release for Linux on x64, and for the other machines newer ones of 22. */
const OLDEST_NODE = isUsualMachine ? '22.12.0' : '22';
/** The newest line of Node; one release of it where that is there, so that a gate does not fail of itself. */
const NEWEST_NODE = isUsualMachine ? '26.10.0' : '26';

/** Node as npm has it: a package for each kind of machine, with nothing in it but the executable. */
const installNode = async (folder: string, release: string): Promise<string> => {
  const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  const name = `${prefix}-${process.platform}-${process.arch}`;
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  await mustRun('npm', ['install', ...QUIET, '--ignore-scripts', `${name}@${release}`], { cwd: folder });
  return join(folder, 'node_modules', name, 'bin/node');
};

/** What only the adapters for them need. */
const OPTIONAL_PEERS = ['@aws-sdk/client-s3', '@aws-sdk/credential-providers', '@google-cloud/storage'];

const pack = async (folder: string): Promise<string> => {
  await mustRun('npm', ['run', '--silent', 'build']);
  const said = await mustRun('npm', [
    'pack',
    '--json',
    '--ignore-scripts',
    '--loglevel=error',
    '--pack-destination',
    folder,
  ]);
  const [packed] = JSON.parse(said) as readonly {
    readonly filename: string;
    readonly files: readonly { readonly path: string }[];
  }[];
  assert(packed !== undefined, `npm pack named no tarball: ${said}`);
  const files = packed.files.map(({ path }) => path);
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md', 'dist/domain/index.js', 'src/domain/index.ts']) {
    assert(files.includes(file), `the tarball lacks ${file}`);
  }
  const strays = files.filter(
    (file) => !/^(dist|src|docs|deploy)\/|^[A-Z]+(\.md)?$|^package\.json$/.test(file) || file.endsWith('tsconfig.json'),
  );
  assert.deepEqual(strays, [], 'the tarball holds files that nobody who installs it needs');
  return join(folder, packed.filename);
};

interface PackageJson {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly engines: { readonly node: string };
}

/** Every path of the exports map, patterns filled in with what is there: `.`, `./ports`, `./adapters/memory` … */
const entryPoints = (installed: string): readonly string[] => {
  const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as PackageJson;
  return Object.entries(exports).flatMap(([path, target]) => {
    if (typeof target === 'string') return [];
    if (!path.includes('*')) return [path];
    const [before = '', after = ''] = target.default.split('*');
    const found = globSync(target.default, { cwd: installed }).map((file) => `./${file.replace(/^\.\//, '')}`);
    assert(found.length > 0, `nothing in the package matches ${path}`);
    return found.map((file) => path.replace('*', file.slice(before.length, -after.length))).toSorted();
  });
};

const specifierOf = (entry: string): string => `signalbox${entry.slice(1)}`;

/** Compiles against every entry point, and against the domain also where there are neither Node's types nor a DOM. */
const compile = async (project: string, entries: readonly string[]): Promise<void> => {
  const base = {
    target: 'es2023',
    lib: ['es2023'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
  };
  const all = entries.map((entry, i) => `export * as e${i} from '${specifierOf(entry)}';\n`).join('');
  writeFileSync(join(project, 'all.ts'), all);
  writeFileSync(join(project, 'domain.ts'), `export * as domain from '${specifierOf('.')}';\n`);
  const configs = {
    'tsconfig.all.json': {
      compilerOptions: { ...base, types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')], skipLibCheck: true },
      files: ['all.ts'],
    },
    'tsconfig.domain.json': { compilerOptions: { ...base, types: [], skipLibCheck: false }, files: ['domain.ts'] },
  };
  for (const [name, config] of Object.entries(configs)) {
    writeFileSync(join(project, name), JSON.stringify(config));
    await mustRun('tsc', ['-p', name], { cwd: project });
  }
};

const importAll = async (node: string, project: string, entries: readonly string[]): Promise<string> => {
  const script = join(project, 'import-all.mjs');
  const imports = entries.map((entry) => {
    const specifier = specifierOf(entry);
    // Ports are types only; every other entry point has something to use.
    const least = entry === './ports' ? 0 : 1;
    return `if (Object.keys(await import('${specifier}')).length < ${least}) throw new Error('${specifier} exports nothing');\n`;
  });
  writeFileSync(script, `${imports.join('')}console.log(process.version);\n`);
  return (await mustRun(node, [script], { cwd: project })).trim();
};

/** The histories that were written down, as this Node goes through them. */
const traces = async (node: string, project: string): Promise<readonly KnownTrace[]> => {
  const script = join(project, 'traces.mjs');
  writeFileSync(
    script,
    `import { READY_SCENARIOS, simulate } from 'signalbox/simulation';
     const traces = [];
     for (const { scenario, seed } of ${JSON.stringify(KNOWN_TRACES)}) {
       const { traceHash: trace } = await simulate(READY_SCENARIOS.get(scenario), { seed });
       traces.push({ scenario, seed, trace });
     }
     console.log(JSON.stringify(traces));\n`,
  );
  return JSON.parse(await mustRun(node, [script], { cwd: project })) as readonly KnownTrace[];
};

const scratch = mkdtempSync(join(tmpdir(), 'signalbox-package-'));
try {
  const tarball = await pack(scratch);
  await mustRun('publint', ['run', tarball, '--strict']);
  console.log('publint finds nothing');

  const project = join(scratch, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  await mustRun('npm', ['install', ...QUIET, '--strict-peer-deps', tarball], { cwd: project });
  const installed = join(project, 'node_modules/signalbox');
  for (const peer of ['fp-ts', 'io-ts'])
    assert(existsSync(join(project, 'node_modules', peer)), `${peer} was not installed`);
  for (const optional of OPTIONAL_PEERS) {
    assert(!existsSync(join(project, 'node_modules', optional)), `${optional} was installed and is optional`);
  }
  // From here on it is someone's who uses every adapter there is.
  await mustRun('npm', ['install', ...QUIET, ...OPTIONAL_PEERS], { cwd: project });

  const entries = entryPoints(installed);
  await mustRun('attw', [tarball, '--profile', 'esm-only', '--no-emoji', '--entrypoints', ...entries]);
  console.log(`are-the-types-wrong finds nothing in ${entries.length} entry points`);
  await compile(project, entries);
  console.log('a project with strict types compiles against every entry point');

  const [oldest, newest] = await Promise.all([
    installNode(join(scratch, 'oldest'), OLDEST_NODE),
    installNode(join(scratch, 'newest'), NEWEST_NODE),
  ]);
  for (const node of [oldest, process.execPath, newest]) {
    const version = await importAll(node, project, entries);
    const env = { PATH: [dirname(node), process.env['PATH'] ?? ''].join(delimiter) };
    const help = await mustRun(join(project, 'node_modules/.bin/signalbox'), ['--help'], { cwd: project, env });
    assert.match(help, /signalbox/, 'signalbox --help does not name itself');
    assert.deepEqual(await traces(node, project), KNOWN_TRACES, `Node ${version} simulates another history`);
    console.log(
      `Node ${version}: ${entries.length} entry points imported, signalbox --help answers, ${KNOWN_TRACES.length} histories as known`,
    );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
