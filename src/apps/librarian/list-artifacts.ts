import * as TE from 'fp-ts/lib/TaskEither.js';
import { compareVersions, type StackName, type Version } from '../../domain/names.ts';
import { formatInstant } from '../../domain/time.ts';
import type { Failure } from '../failure.ts';
import { type CurrentBoard, currentBoard } from './board.ts';
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
export const listArtifacts = (ports: LibrarianPorts): TE.TaskEither<Failure, readonly ListedArtifact[]> =>
  TE.map(({ board: { records, view } }: CurrentBoard) =>
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
  )(currentBoard(ports));
