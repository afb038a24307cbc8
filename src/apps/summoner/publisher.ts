/**
 * What the daemon tells of itself in files: its status in the directory of its state, and its metrics where they are asked
 * for.
 *
 * @module
 */
import { dirname } from 'node:path';
import * as O from 'fp-ts/lib/Option.js';
import { encodeNodeStatus } from '../../domain/node-status.ts';
import type { LoadedConfig } from '../cli/load.ts';
import type { Log } from '../log.ts';
import type { Surroundings } from './daemon.ts';
import { stateDirectory, statusPath } from './node-files.ts';

/** How a file came to be replaced, or why it was not. */
export type FileReplacement = { readonly _tag: 'Replaced' } | { readonly _tag: 'Failed'; readonly detail: string };

/** The files that others read. None of it rejects. */
export interface ToldFiles {
  /** Puts `text` in the place of the file, which appears whole. */
  readonly replace: (path: string, text: string) => Promise<FileReplacement>;
  /** Removes what writers that are gone have left in a directory. */
  readonly clear: (directory: string) => Promise<void>;
}

/**
 * Writes what the daemon tells of itself; a file that cannot be written is complained of once, until it can again. What an
 * agent that was killed left of its metrics goes first (fault 41); the directory of the state is cleared by its store.
 */
export const publisherOf = (loaded: () => LoadedConfig, files: ToldFiles, log: Log): Surroundings['publish'] => {
  const failing = new Set<string>();
  const cleared = new Set<string>();
  const clear = async (directory: string): Promise<void> => {
    if (cleared.has(directory)) return;
    cleared.add(directory);
    await files.clear(directory);
  };
  const write = async (path: string, text: string): Promise<void> => {
    const replaced = await files.replace(path, text);
    if (replaced._tag === 'Replaced') {
      failing.delete(path);
      return;
    }
    const { detail } = replaced;
    if (!failing.has(path)) log('error', 'what is told cannot be written', { detail });
    failing.add(path);
  };
  return async ({ status, metrics }) => {
    const now = loaded();
    await write(statusPath(stateDirectory(now)), encodeNodeStatus(status));
    if (O.isNone(now.config.metrics_file)) return;
    const metricsFile = now.pathOf(now.config.metrics_file.value);
    await clear(dirname(metricsFile));
    await write(metricsFile, metrics);
  };
};
