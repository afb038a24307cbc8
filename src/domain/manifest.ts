/**
 * The manifest: which cookbooks, at which versions, one artifact holds. It travels inside the artifact's tarball, on
 * every signal, and is what a pin is made from.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { boundedText, describeValue } from './decoding.ts';
import { Version } from './names.ts';

/**
 * Cookbook name → version. Read it with `Object.entries` or fp-ts's `Record.lookup`, never with a bare index: a
 * cookbook may be called `constructor`.
 */
export type CookbookVersions = Readonly<Record<string, Version>>;

/** At most so many cookbooks in one list; a real fleet has hundreds, and a body of 1 MiB holds no more. */
export const COOKBOOKS_MAX = 20_000;

const COOKBOOK_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

const COOKBOOK_NAME_EXPECTED =
  'a cookbook name: 1 to 128 of A-Z a-z 0-9 . _ -, starting with a letter or digit, without ".."';

/** Whether `text` may name a cookbook. `__proto__` may not: it would be lost in the first object it is copied to. */
const isCookbookName = (text: string): boolean => COOKBOOK_NAME.test(text) && !text.includes('..');

const isRecord = (u: unknown): u is Readonly<Record<string, unknown>> =>
  typeof u === 'object' && u !== null && !Array.isArray(u);

/** What is wrong with a map of cookbooks, as (key, value, expected); the first fault is enough. */
const cookbooksFault = (
  u: Readonly<Record<string, unknown>>,
): { readonly key: string; readonly value: unknown; readonly expected: string } | undefined => {
  const names = Object.keys(u);
  if (names.length > COOKBOOKS_MAX) {
    return { key: '', value: `${names.length} cookbooks`, expected: `at most ${COOKBOOKS_MAX} cookbooks` };
  }
  for (const name of names) {
    if (!isCookbookName(name)) return { key: describeValue(name), value: name, expected: COOKBOOK_NAME_EXPECTED };
    const version = u[name];
    if (!Version.is(version)) return { key: name, value: version, expected: 'a version such as 7.5.23' };
  }
  return undefined;
};

/**
 * Reads and writes {@link CookbookVersions}. One loop instead of `t.record`: a signal with thousands of cookbooks is
 * read by every node of a fleet, and is slower than a small one only in proportion (fault 30).
 */
export const CookbookVersions: t.Type<CookbookVersions> = new t.Type(
  'CookbookVersions',
  (u): u is CookbookVersions => isRecord(u) && cookbooksFault(u) === undefined,
  (u, context) => {
    if (!isRecord(u)) return t.failure(u, context, 'an object of cookbook versions');
    const fault = cookbooksFault(u);
    return fault === undefined
      ? t.success(u as CookbookVersions)
      : t.failure(fault.value, t.appendContext(context, fault.key, Version), fault.expected);
  },
  (a) => a,
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

const Wire = t.type(
  {
    base_version: Version,
    latest_commit_hash: CommitHash,
    author: boundedText('author', 512),
    cookbook_versions: CookbookVersions,
    site_cookbook_versions: CookbookVersions,
  },
  'manifest',
);

/** Reads and writes a {@link Manifest}; unknown fields are ignored. */
export const Manifest: t.Type<Manifest, ManifestJson> = new t.Type<Manifest, ManifestJson>(
  'Manifest',
  (u): u is Manifest =>
    isRecord(u) &&
    Version.is(u['baseVersion']) &&
    typeof u['latestCommitHash'] === 'string' &&
    typeof u['author'] === 'string' &&
    CookbookVersions.is(u['cookbookVersions']) &&
    CookbookVersions.is(u['siteCookbookVersions']),
  (u, context) =>
    E.map(
      (wire: t.TypeOf<typeof Wire>): Manifest => ({
        baseVersion: wire.base_version,
        latestCommitHash: wire.latest_commit_hash,
        author: wire.author,
        cookbookVersions: wire.cookbook_versions,
        siteCookbookVersions: wire.site_cookbook_versions,
      }),
    )(Wire.validate(u, context)),
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
