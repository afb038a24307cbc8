import * as E from 'fp-ts/lib/Either.js';
import type * as TE from 'fp-ts/lib/TaskEither.js';
import { compareVersions, type StackName, type Version } from '../../domain/names.ts';
import { formatInstant } from '../../domain/time.ts';
import type { Failure } from '../failure.ts';
import { readBoard } from './board.ts';
import { readControl } from './control-store.ts';
import type { LibrarianPorts } from './librarian-ports.ts';

/** One artifact, as a list shows it. */
export interface ListedArtifact {
  readonly version: Version;
  readonly sha256: string;
  readonly size_bytes: number;
  readonly added_at: string;
  readonly complete_on: readonly StackName[];
  readonly rejected: boolean;
}

/** Every artifact, the newest first. */
export const listArtifacts =
  (ports: LibrarianPorts): TE.TaskEither<Failure, readonly ListedArtifact[]> =>
  async () => {
    const stored = await readControl(ports)();
    if (E.isLeft(stored)) return stored;
    const board = await readBoard(ports)(stored.right.control)();
    if (E.isLeft(board)) return board;
    const { records, view } = board.right;
    return E.right(
      [...records.values()]
        .sort((a, b) => compareVersions(b.version, a.version))
        .map(({ version, sha256, sizeBytes, addedAt }) => ({
          version,
          sha256,
          size_bytes: sizeBytes,
          added_at: formatInstant(addedAt),
          complete_on: view.catalogue.byVersion.get(version)?.completeOn ?? [],
          rejected: view.catalogue.byVersion.get(version)?.rejected ?? false,
        })),
    );
  };
