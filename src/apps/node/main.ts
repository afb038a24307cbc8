/**
 * What the commands for a node are made of.
 *
 * @module
 */
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import type * as O from 'fp-ts/lib/Option.js';
import { describeFailure, errnoOf, nodeFileSystem } from '../../adapters/durable-files/index.ts';
import { requestBox } from '../../adapters/request-box/index.ts';
import { systemClock } from '../../adapters/system-clock/index.ts';
import { fail, withConfig } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import type { Terminal } from '../cli/terminal.ts';
import { policyFrom } from '../summoner/configured-policy.ts';
import { requestsPath, stateDirectory, statusPath } from '../summoner/node-files.ts';
import { STATE_KEY } from '../summoner/summoner-ports.ts';
import type { FileReading, NodePorts } from './node-ports.ts';

/** No file of a node is longer, in bytes: 1 MiB. */
const FILE_BYTES_MAX = 1_048_576;

/** Reads a file that anybody may read. It changes nothing: whoever asks how a node is may be nobody. */
export const readNodeFile = async (path: string): Promise<FileReading> => {
  try {
    const { bytes } = await nodeFileSystem.look(path, FILE_BYTES_MAX, 'refuse');
    return { _tag: 'Found', text: Buffer.from(bytes).toString('utf8') };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return { _tag: 'Missing' };
    const detail = describeFailure('read', path, error);
    return { _tag: errno === 'EACCES' || errno === 'EPERM' ? 'NotPermitted' : 'Unavailable', detail };
  }
};

/** Runs a command for the node that is configured here. */
export const withNode = (
  configFile: O.Option<string>,
  terminal: Terminal,
  command: (ports: NodePorts) => Promise<ExitCode>,
): Promise<ExitCode> =>
  withConfig(configFile, terminal, async (loaded) => {
    const policy = await policyFrom(loaded);
    if (E.isLeft(policy)) return fail(terminal, policy.left, EXIT.badConfiguration);
    const directory = stateDirectory(loaded);
    return command({
      clock: systemClock(),
      policy: policy.right,
      readState: () => readNodeFile(join(directory, STATE_KEY)),
      readStatus: () => readNodeFile(statusPath(directory)),
      isGone: nodeFileSystem.authorIsGone,
      requests: requestBox(requestsPath(directory)),
    });
  });
