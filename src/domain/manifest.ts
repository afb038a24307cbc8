/**
 * The manifest: which cookbooks, at which versions, one artifact holds. It travels inside the artifact's tarball, on
 * every signal, and is what a pin is made from.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { boundedText, fields, guardFirst, isRecord } from './decoding.ts';
import { CookbookName, Version } from './names.ts';

/**
 * Cookbook name → version. Read it with `Object.entries` or fp-ts's `Record.lookup`, never with a bare index: a
 * cookbook may be called `constructor`.
 */
export type CookbookVersions = Readonly<Record<string, Version>>;

/** At most so many cookbooks in one list; a real fleet has hundreds, and a body of 1 MiB holds no more. */
export const COOKBOOKS_MAX = 20_000;

const areCookbookVersions = (u: unknown): u is CookbookVersions => {
  if (!isRecord(u)) return false;
  const names = Object.keys(u);
  if (names.length > COOKBOOKS_MAX) return false;
  // The fleet's own cookbooks all bear one version, so the last good one is worth a comparison.
  let good: unknown;
  for (const name of names) {
    const version = u[name];
    if (version === undefined || !CookbookName.is(name)) return false;
    if (version !== good && !Version.is(version)) return false;
    good = version;
  }
  return true;
};

/** Why `u` is no map of cookbooks; of its entries the first faulty one is enough. */
const cookbooksFault = (u: unknown, context: t.Context): t.Validation<never> => {
  if (!isRecord(u)) return t.failure(u, context, 'an object of cookbook versions');
  const entries = Object.entries(u);
  if (entries.length > COOKBOOKS_MAX) {
    return t.failure(`${entries.length} cookbooks`, context, `at most ${COOKBOOKS_MAX} cookbooks`);
  }
  for (const [name, version] of entries) {
    const validName = CookbookName.validate(name, t.appendContext(context, name, CookbookName, name));
    if (E.isLeft(validName)) return validName;
    const validVersion = Version.validate(version, t.appendContext(context, name, Version, version));
    if (E.isLeft(validVersion)) return validVersion;
  }
  return t.failure(u, context, 'an object of cookbook versions');
};

/**
 * Reads and writes {@link CookbookVersions}. One loop instead of `t.record`: a signal with thousands of cookbooks is
 * read by every node of a fleet, and is slower than a small one only in proportion (fault 30).
 */
export const CookbookVersions: t.Type<CookbookVersions> = new t.Type(
  'CookbookVersions',
  areCookbookVersions,
  (u, context) => (areCookbookVersions(u) ? t.success(u) : cookbooksFault(u, context)),
  t.identity,
);

/** What an artifact says of itself. */
export interface Manifest {
  /** The artifact's version, which its site cookbooks bear too. */
  readonly baseVersion: Version;
  /** The commit it was built from. */
  readonly latestCommitHash: string;
  /** Who made that commit, as Git writes it: `Name <address>`. */
  readonly author: string;
  /** Cookbooks from elsewhere, each at a version of its own. */
  readonly cookbookVersions: CookbookVersions;
  /** The fleet's own cookbooks. */
  readonly siteCookbookVersions: CookbookVersions;
}

/** {@link Manifest} on the wire: `manifest_content` of a signal, `manifest.json` of an artifact. */
export interface ManifestJson {
  readonly base_version: string;
  readonly latest_commit_hash: string;
  readonly author: string;
  readonly cookbook_versions: Readonly<Record<string, string>>;
  readonly site_cookbook_versions: Readonly<Record<string, string>>;
}

/** A Git commit, in whatever form the producer writes it. */
export const CommitHash: t.Type<string> = boundedText('commit hash', 128);

const Author = boundedText('author', 512);

/** {@link ManifestJson} once it is known to be one. */
export interface ManifestWire extends ManifestJson {
  readonly base_version: Version;
  readonly cookbook_versions: CookbookVersions;
  readonly site_cookbook_versions: CookbookVersions;
}

/** Validates a {@link ManifestJson} and leaves it as it stands, for documents that a manifest is part of. */
export const ManifestWire: t.Type<ManifestWire, ManifestJson> = guardFirst(
  fields(
    'manifest',
    {
      base_version: Version,
      latest_commit_hash: CommitHash,
      author: Author,
      cookbook_versions: CookbookVersions,
      site_cookbook_versions: CookbookVersions,
    },
    {},
  ),
);

/** The manifest that `wire` writes. */
export const manifestOfWire = (wire: ManifestWire): Manifest => ({
  baseVersion: wire.base_version,
  latestCommitHash: wire.latest_commit_hash,
  author: wire.author,
  cookbookVersions: wire.cookbook_versions,
  siteCookbookVersions: wire.site_cookbook_versions,
});

/** Reads and writes a {@link Manifest}; unknown fields are ignored. */
export const Manifest: t.Type<Manifest, ManifestJson> = new t.Type<Manifest, ManifestJson>(
  'Manifest',
  (u): u is Manifest =>
    isRecord(u) &&
    Version.is(u['baseVersion']) &&
    CommitHash.is(u['latestCommitHash']) &&
    Author.is(u['author']) &&
    CookbookVersions.is(u['cookbookVersions']) &&
    CookbookVersions.is(u['siteCookbookVersions']),
  (u, context) => E.map(manifestOfWire)(ManifestWire.validate(u, context)),
  (manifest) => ({
    base_version: manifest.baseVersion,
    latest_commit_hash: manifest.latestCommitHash,
    author: manifest.author,
    cookbook_versions: manifest.cookbookVersions,
    site_cookbook_versions: manifest.siteCookbookVersions,
  }),
);

/**
 * Every cookbook that the artifact pins, the fleet's own taking precedence over one of the same name from elsewhere.
 */
export const allCookbooks = (manifest: Manifest): CookbookVersions => ({
  ...manifest.cookbookVersions,
  ...manifest.siteCookbookVersions,
});
