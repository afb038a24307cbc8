/**
 * Preloaded into a process of the product (`node --import`), it counts what that does to files, and kills or stops it right
 * before the n-th of these operations: after all that came before has landed, and before anybody is told of this one.
 *
 * `KILL_AT` is n, counted from 0; `KILL_WITH` the signal, such as `SIGKILL`.
 */
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

const at = Number(process.env['KILL_AT']);
const signal = process.env['KILL_WITH'] ?? 'SIGKILL';
let operations = 0;

/** The signal is delivered before this returns: a process does not survive the call that kills it. */
const count = (): void => {
  if (operations++ === at) process.kill(process.pid, signal);
};

type Operation = (...args: never[]) => unknown;

const counted = <Owner extends object>(owner: Owner, name: keyof Owner): void => {
  const operation = owner[name] as Operation;
  const counting: Operation = (...args) => {
    count();
    return operation.apply(owner, args);
  };
  Object.defineProperty(owner, name, { value: counting, configurable: true, writable: true });
};

for (const name of ['link', 'symlink', 'rename', 'unlink', 'mkdir', 'rm'] as const) counted(promises, name);

const { open } = promises;
promises.open = async (...args) => {
  const isMaking = typeof args[1] === 'string' && args[1].startsWith('w');
  if (isMaking) count();
  const file = await open(...args);
  for (const name of ['write', 'sync', 'utimes'] as const) counted(file, name);
  return file;
};
syncBuiltinESMExports();
