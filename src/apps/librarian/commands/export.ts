/**
 * `signalbox export`: writes all that the Librarian knows to where somebody keeps it.
 *
 * @module
 */
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { type ExportedState, ExportedStateDocument } from '../../../domain/exported-state.ts';
import { formatInstant } from '../../../domain/time.ts';
import { fail } from '../../cli/command.ts';
import { EXIT, type ExitCode } from '../../cli/exit-code.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { unavailable } from '../../failure.ts';
import { exportState } from '../export-state.ts';
import type { LibrarianPorts } from '../librarian-ports.ts';

/** What `signalbox export` was asked. */
export interface ExportOptions {
  /** A file, or a directory in which it is called after the plan and the instant; none: it is printed. */
  readonly out: O.Option<string>;
  readonly isJson: boolean;
}

const fileFor = async (out: string, { plan, at }: ExportedState): Promise<string> => {
  const isDirectory = await stat(out).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isDirectory ? join(out, `${plan.name}-${formatInstant(at).replaceAll(':', '.')}.json`) : out;
};

/** `signalbox export` */
export const exportCommand = async (
  ports: LibrarianPorts,
  terminal: Terminal,
  { out, isJson }: ExportOptions,
): Promise<ExitCode> => {
  const exported = await exportState(ports)();
  if (E.isLeft(exported)) return fail(terminal, exported.left);
  const state = exported.right;
  const text = JSON.stringify(ExportedStateDocument.encode(state));
  if (O.isNone(out)) {
    terminal.out(text);
    return EXIT.done;
  }
  const file = await fileFor(out.value, state);
  try {
    await writeFile(file, `${text}\n`, { flag: 'wx' });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return fail(terminal, unavailable(`out: expected a new file that can be written: ${detail}`));
  }
  const { plan, at, artifacts, audit } = state;
  const [artifactCount, recordCount] = [artifacts.length, audit.length];
  if (isJson) {
    terminal.out(
      JSON.stringify({ file, plan: plan.name, at: formatInstant(at), artifacts: artifactCount, audit: recordCount }),
    );
  } else {
    terminal.out(
      `${plan.name} at ${formatInstant(at)}: ${artifactCount} artifacts, ${recordCount} records, in ${file}`,
    );
  }
  return EXIT.done;
};
