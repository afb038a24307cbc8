/**
 * `npm run check`: every gate that a change has to pass, one after the other, up to the first that fails.
 *
 * `npm run check -- lint types` runs the named gates only, `npm run check -- --except tests` all others.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ROOT, runTool, toolEnv } from './tool.ts';

interface Gate {
  readonly name: string;
  readonly command: readonly string[];
}

const SHELL_SCRIPTS = ['.ci/run', ...globSync('{src,test,deploy}/**/*.sh', { cwd: ROOT }).toSorted()];

/** The quick ones first, so that a slip is told of early; what needs the build after the build. */
const GATES: readonly Gate[] = [
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'domain', command: ['tsc', '-p', 'src/domain'] },
  { name: 'lint', command: ['eslint', '.', '--max-warnings=0'] },
  { name: 'boundaries', command: ['depcruise', 'src'] },
  { name: 'shell', command: ['shellcheck', ...SHELL_SCRIPTS] },
  { name: 'tests', command: ['npm', 'test'] },
  { name: 'build', command: ['npm', 'run', '--silent', 'build'] },
  { name: 'docs', command: ['npm', 'run', '--silent', 'docs'] },
  { name: 'examples', command: ['node', 'test/gates/examples.ts'] },
  { name: 'package', command: ['node', 'test/gates/package.ts'] },
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { except: { type: 'string', multiple: true } },
});
const named = [...positionals, ...(values.except ?? [])];
const unknown = named.filter((name) => GATES.every((gate) => gate.name !== name));
if (unknown.length > 0) {
  console.error(`check: expected gates of ${GATES.map(({ name }) => name).join(', ')}; got ${unknown.join(', ')}`);
  process.exit(64);
}

const isMissing = async (command: string): Promise<boolean> =>
  (await runTool('sh', ['-c', 'command -v "$0"', command])).code !== 0;

const chosen = GATES.filter(
  ({ name }) => (positionals.length === 0 || positionals.includes(name)) && !(values.except ?? []).includes(name),
);
const skipped: string[] = [];
for (const { name, command } of chosen) {
  const [executable = '', ...args] = command;
  console.log(`\n▶ ${name}: ${command.join(' ')}`);
  if (executable === 'shellcheck' && (await isMissing(executable))) {
    console.log(`- ${name}: skipped, because shellcheck is not installed`);
    skipped.push(name);
    continue;
  }
  const start = performance.now();
  const { status, error } = spawnSync(executable, args, { cwd: ROOT, env: toolEnv(), stdio: 'inherit' });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (status !== 0) {
    console.error(`✗ ${name} failed after ${seconds} s${error === undefined ? '' : `: ${error.message}`}`);
    console.error(`  Run it alone: npm run check -- ${name}`);
    process.exit(1);
  }
  console.log(`✓ ${name} (${seconds} s)`);
}
const passed = chosen.length - skipped.length;
console.log(
  `\nGates: ${passed} passed${skipped.length === 0 ? '' : `, ${skipped.length} skipped (${skipped.join(', ')})`}`,
);
