import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A script of test/support/scripts that runs in a Node of its own. */
export interface RunningScript {
  readonly child: ChildProcess;
  /** The whole lines that it has written so far. */
  readonly lines: () => readonly string[];
  /** Resolves with the first line that `isIt`. */
  readonly line: (isIt: (line: string) => boolean) => Promise<string>;
  /** Resolves at its end, with its exit code or the signal that killed it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** Starts `test/support/scripts/<name>`; what it writes to its error output is shown. */
export const runScript = (name: string, ...args: readonly string[]): RunningScript => {
  const script = fileURLToPath(new URL(`./scripts/${name}`, import.meta.url));
  const flags = ['--experimental-strip-types', '--no-warnings'];
  const child = spawn(process.execPath, [...flags, script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  const listeners = new Set<() => void>();
  const lines = (): readonly string[] => text.split('\n').slice(0, -1);
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    for (const listener of listeners) listener();
  });
  const ended = once(child, 'close').then(([code, signal]: unknown[]) =>
    typeof code === 'number' ? code : (signal as NodeJS.Signals | null),
  );
  return {
    child,
    lines,
    line: (isIt) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines().find(isIt);
          if (found === undefined) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        void ended.then(() => reject(new Error(`${name} ended; it wrote: ${text}`)));
        look();
      }),
    ended,
  };
};
