/**
 * Building an artifact: from a folder of cookbooks to a tarball with its manifest.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type * as TE from 'fp-ts/lib/TaskEither.js';
import { artifactVersionAt } from '../../domain/artifact-version.ts';
import { isCookbookVersion } from '../../domain/cookbook-metadata.ts';
import { decodeWith, formatFieldErrors } from '../../domain/decoding.ts';
import { type CookbookVersions, Manifest } from '../../domain/manifest.ts';
import type { Version } from '../../domain/names.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { ArtifactBuilder, BuildFault } from '../../ports/artifact-builder.ts';
import type { CommitSource } from '../../ports/commit-source.ts';
import { badData, type Failure, unavailable } from '../failure.ts';

/** What building needs of the world. */
export interface BuilderPorts {
  readonly builder: ArtifactBuilder;
  readonly commitOf: CommitSource;
  /** The instant that a version is made of where none is given. */
  readonly builtAt: () => EpochMs;
}

/** What is to be built. */
export interface BuildRequest {
  readonly directory: string;
  readonly file: string;
  /** None: {@link artifactVersionAt} of now. */
  readonly version: O.Option<Version>;
  /** None: as Git knows it. */
  readonly author: O.Option<string>;
  /** None: as Git knows it. */
  readonly commit: O.Option<string>;
  /** Whether the fleet's own cookbooks take the artifact's version in the place of theirs, as in the published design. */
  readonly stampsSite: boolean;
}

/** An artifact that was built. */
export interface BuiltArtifact {
  readonly manifest: Manifest;
  readonly file: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** The commit that is named is not all that was packed. */
  readonly hasLocalChanges: boolean;
}

const failureOf = (fault: BuildFault): Failure =>
  fault._tag === 'BadFolder' ? badData(fault.detail) : unavailable(fault.detail);

interface Origin {
  readonly author: string;
  readonly commit: string;
  readonly hasLocalChanges: boolean;
}

const originOf = async (
  { commitOf }: BuilderPorts,
  { directory, author, commit }: BuildRequest,
): Promise<E.Either<Failure, Origin>> => {
  if (O.isSome(author) && O.isSome(commit)) {
    return E.right({ author: author.value, commit: commit.value, hasLocalChanges: false });
  }
  const known = await commitOf(directory);
  if (known._tag === 'Unknown') {
    const options = [...(O.isNone(author) ? ['--author'] : []), ...(O.isNone(commit) ? ['--commit'] : [])];
    return E.left(
      badData(`${options.join(', ')}: expected a value, since Git does not know ${directory}: ${known.detail}`),
    );
  }
  return E.right({
    author: O.getOrElse(() => known.author)(author),
    commit: O.getOrElse(() => known.hash)(commit),
    hasLocalChanges: O.isNone(commit) && !known.isClean,
  });
};

const siteVersions = (
  own: CookbookVersions,
  version: Version,
  stampsSite: boolean,
): E.Either<Failure, CookbookVersions> => {
  if (!stampsSite) return E.right(own);
  return isCookbookVersion(version)
    ? E.right(Object.fromEntries(Object.keys(own).map((name) => [name, version])))
    : E.left(badData(`--version: expected x.y.z, each a whole number, for cookbooks to bear it, got ${version}`));
};

/** Builds one artifact. */
export const build =
  (ports: BuilderPorts) =>
  (request: BuildRequest): TE.TaskEither<Failure, BuiltArtifact> =>
  async () => {
    const { directory, file, stampsSite } = request;
    const surveyed = await ports.builder.survey(directory);
    if (surveyed._tag !== 'Surveyed') return E.left(failureOf(surveyed));
    const origin = await originOf(ports, request);
    if (E.isLeft(origin)) return origin;
    const version = O.getOrElse(() => artifactVersionAt(ports.builtAt()))(request.version);
    const site = siteVersions(surveyed.siteCookbookVersions, version, stampsSite);
    if (E.isLeft(site)) return site;
    const manifest = decodeWith(Manifest)({
      base_version: version,
      latest_commit_hash: origin.right.commit,
      author: origin.right.author,
      cookbook_versions: surveyed.cookbookVersions,
      site_cookbook_versions: site.right,
    });
    if (E.isLeft(manifest)) return E.left(badData(formatFieldErrors(manifest.left)));
    const built = await ports.builder.build({ directory, manifest: manifest.right, file });
    if (built._tag !== 'Built') return E.left(failureOf(built));
    const { sha256, sizeBytes } = built;
    const { hasLocalChanges } = origin.right;
    return E.right({ manifest: manifest.right, file, sha256, sizeBytes, hasLocalChanges });
  };

/** An artifact that was built, as JSON. */
export const builtJson = ({ manifest, file, sha256, sizeBytes, hasLocalChanges }: BuiltArtifact) => ({
  version: manifest.baseVersion,
  file,
  sha256,
  size_bytes: sizeBytes,
  local_changes: hasLocalChanges,
  manifest: Manifest.encode(manifest),
});
