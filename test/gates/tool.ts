import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** How a tool ended and all that it said. */
export interface ToolResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The environment of a tool: this one, with the project's own executables first, and without what npm tells its
 * scripts about this package, because a nested npm in another folder would believe it.
 */
export const toolEnv = (): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined &&
        !/^(npm_(package|lifecycle)_|npm_config_local_prefix$|INIT_CWD$|VITEST)/.test(entry[0]),
    ),
  ),
  PATH: [join(ROOT, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter),
  NO_COLOR: '1',
});

/** Runs a tool to its end and keeps what it says. */
export const runTool = async (
  command: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly timeLimitMs?: number;
  } = {},
): Promise<ToolResult> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...toolEnv(), ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeLimitMs ?? 300_000,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });

/** Runs a tool that has to succeed; what it said is the error otherwise. */
export const mustRun = async (...[command, args, options]: Parameters<typeof runTool>): Promise<string> => {
  const { code, stdout, stderr } = await runTool(command, args, options);
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')}: exit ${code ?? 'by a signal'}\n${stdout}${stderr}`);
};
