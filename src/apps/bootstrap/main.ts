/**
 * Bootstrap's parts, as the machine has them and the configuration names them.
 *
 * @module
 */
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import type * as O from 'fp-ts/lib/Option.js';
import { describeFailure, errnoOf, nodeFileSystem, replaceFile } from '../../adapters/durable-files/index.ts';
import type { NodeName, ZoneId } from '../../domain/names.ts';
import { ZoneMap } from '../../domain/zone-map.ts';
import { fail, withConfig } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { loadDocument } from '../cli/load.ts';
import type { Terminal } from '../cli/terminal.ts';
import { required } from '../config.ts';
import type { BootstrapDeps, FileChange, FileReading } from './deps.ts';
import { type BootstrapReport, describeBootstrap, runBootstrap } from './run-bootstrap.ts';

/** Both files are a few hundred bytes; what is longer was not written here. */
const BYTES_MAX = 65_536;

const readFile = async (path: string): Promise<FileReading> => {
  try {
    const { bytes } = await nodeFileSystem.look(path, BYTES_MAX, 'refuse');
    if (bytes.length > BYTES_MAX) return { _tag: 'Unreadable', detail: `expected at most ${BYTES_MAX} bytes` };
    return { _tag: 'Found', text: Buffer.from(bytes).toString('utf8') };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { _tag: 'Missing' };
    return { _tag: 'Unreadable', detail: describeFailure('read', path, error) };
  }
};

const writeFileAtomically = async (path: string, text: string): Promise<FileChange> => {
  const replaced = await replaceFile(path, Buffer.from(text));
  return replaced._tag === 'Replaced' ? { _tag: 'Done' } : replaced;
};

const removeFile = async (path: string): Promise<FileChange> => {
  try {
    await unlink(path);
    return { _tag: 'Done' };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { _tag: 'Done' };
    return { _tag: 'Failed', detail: describeFailure('remove', path, error) };
  }
};

/** The machine's own files. */
export const bootstrapFiles: BootstrapDeps = { readFile, writeFileAtomically, removeFile };

/** How bootstrap was called. */
export interface BootstrapCommand {
  readonly zone: ZoneId;
  readonly node: NodeName;
  readonly isDry: boolean;
  readonly isJson: boolean;
}

const print = (terminal: Terminal, report: BootstrapReport, isJson: boolean): void => {
  terminal.out(isJson ? JSON.stringify({ outcome: report._tag, ...report.assignment }) : describeBootstrap(report));
};

/** `signalbox bootstrap` */
export const bootstrap = (
  { zone, node, isDry, isJson }: BootstrapCommand,
  configFile: O.Option<string>,
  terminal: Terminal,
): Promise<ExitCode> =>
  withConfig(configFile, terminal, async ({ config, pathOf }) => {
    const zones = required('zones', config.zones);
    if (E.isLeft(zones)) return fail(terminal, zones.left, EXIT.badConfiguration);
    const stack = required('stack', config.stack);
    if (E.isLeft(stack)) return fail(terminal, stack.left, EXIT.badConfiguration);
    const map = await loadDocument(pathOf(zones.right), ZoneMap);
    if (E.isLeft(map)) return fail(terminal, map.left, EXIT.badConfiguration);
    const paths = {
      nodeFile: pathOf(config.node_file),
      dropIn: join(pathOf(config.client_d), 'signalbox.rb'),
    };
    const assigned = await runBootstrap(bootstrapFiles)({
      map: map.right,
      stack: stack.right,
      zone,
      node,
      paths,
      isDry,
    });
    if (E.isLeft(assigned)) return fail(terminal, assigned.left);
    print(terminal, assigned.right, isJson);
    return EXIT.done;
  });
