import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { Manifest, type ManifestJson } from '../../domain/manifest.ts';
import type { EnvironmentName, StackName, Version } from '../../domain/names.ts';
import { formatInstant } from '../../domain/time.ts';
import type { Failure } from '../failure.ts';
import { type Board, type CurrentBoard, currentBoard } from './board.ts';
import type { LibrarianPorts } from './librarian-ports.ts';

/** One artifact, as it is shown: what it holds, where it is, and what is on it. */
export interface ShownArtifact {
  readonly version: Version;
  readonly sha256: string;
  readonly size_bytes: number;
  readonly added_at: string;
  readonly complete_on: readonly StackName[];
  readonly missing_on: readonly StackName[];
  /** Stacks that do not answer. */
  readonly unknown_on: readonly StackName[];
  readonly rejected: { readonly by: string; readonly reason: string; readonly at: string } | null;
  /** The environments that are pinned to it. */
  readonly environments: readonly { readonly environment: EnvironmentName; readonly stacks: readonly StackName[] }[];
  readonly manifest: ManifestJson;
}

const environmentsOn = ({ view }: Board, version: Version): ShownArtifact['environments'] =>
  [...view.pins].flatMap(([environment, pins]) => {
    const stacks = [...pins].flatMap(([stack, pin]) => (O.isSome(pin) && pin.value === version ? [stack] : []));
    return stacks.length === 0 ? [] : [{ environment, stacks }];
  });

const shownFrom =
  (version: Version) =>
  ({ stored: { control }, board }: CurrentBoard): E.Either<Failure, ShownArtifact> => {
    const record = board.records.get(version);
    if (record === undefined) {
      const detail = `artifact ${version}: there is none; signalbox artifact list says which there are`;
      return E.left({ _tag: 'NotFound', detail });
    }
    const { completeOn = [], unknownOn = [] } = board.view.catalogue.byVersion.get(version) ?? {};
    const rejection = control.rejections.get(version);
    return E.right({
      version,
      sha256: record.sha256,
      size_bytes: record.sizeBytes,
      added_at: formatInstant(record.addedAt),
      complete_on: completeOn,
      missing_on: board.view.plan.stacks.filter((stack) => !completeOn.includes(stack) && !unknownOn.includes(stack)),
      unknown_on: unknownOn,
      rejected: rejection === undefined ? null : { ...rejection, at: formatInstant(rejection.at) },
      environments: environmentsOn(board, version),
      manifest: Manifest.encode(record.manifest),
    });
  };

/** One artifact in full. */
export const showArtifact = (ports: LibrarianPorts, version: Version): TE.TaskEither<Failure, ShownArtifact> =>
  TE.chainEitherK(shownFrom(version))(currentBoard(ports));
