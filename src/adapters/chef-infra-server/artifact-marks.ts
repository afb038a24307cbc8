/**
 * What the server itself says of artifacts, in the data bag `signalbox_artifacts`. Of each artifact there are two items,
 * written once and last, when all of its cookbooks are there, and never changed:
 *
 * - `artifact_VERSION` holds the checksum that the version stands for. Only one can be created, so that of several who
 *   upload other bytes under one version one succeeds (law L7).
 * - `complete_VERSION_SHA256` bears version and checksum in its name, so that one request lists all that is complete.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decodeJsonWith, formatFieldErrors, isRecord } from '../../domain/decoding.ts';
import { Version } from '../../domain/names.ts';
import type { ArtifactRecord } from '../../ports/artifact-store.ts';
import { Sha256 } from '../artifact-format/index.ts';
import type { ChefRequests } from './chef-requests.ts';
import type { CookbookId } from './cookbook-document.ts';
import { Trouble } from './trouble.ts';

const DATA_BAG = 'signalbox_artifacts';

/** Ids of items have no `+`, and versions no `:`. */
const idOf = (version: Version): string => version.replaceAll('+', ':');

const claimId = (version: Version): string => `artifact_${idOf(version)}`;

const markId = ({ version, sha256 }: ArtifactRecord): string => `complete_${idOf(version)}_${sha256}`;

const markOf = (id: string): { readonly version: Version; readonly sha256: string } | undefined => {
  const [, name = '', sha256 = ''] = /^complete_(.+)_([0-9a-f]{64})$/.exec(id) ?? [];
  const version = name.replaceAll(':', '+');
  return Version.is(version) ? { version, sha256 } : undefined;
};

const decodeClaim = decodeJsonWith(t.type({ version: Version, sha256: Sha256 }, 'claim'));

/** Reads and writes the marks of artifacts. All functions reject with {@link Trouble} where the server does not answer. */
export interface ArtifactMarks {
  /** The checksum of every artifact that is complete. */
  readonly complete: () => Promise<ReadonlyMap<Version, string>>;
  /** The checksum that `version` stands for; nothing while it stands for none. */
  readonly claimed: (version: Version) => Promise<string | undefined>;
  /** Marks an artifact as complete; false when its version stands for another checksum. */
  readonly mark: (record: ArtifactRecord, cookbooks: readonly CookbookId[]) => Promise<boolean>;
}

/** The marks on the server that `requests` go to. */
export const artifactMarks = ({ send }: ChefRequests): ArtifactMarks => {
  const claimed = async (version: Version): Promise<string | undefined> => {
    const path = `/data/${DATA_BAG}/${claimId(version)}`;
    const { status, text } = await send({ method: 'GET', path, expects: [404] });
    if (status === 404) return undefined;
    const claim = decodeClaim(text);
    if (E.isLeft(claim))
      throw new Trouble(`data bag item ${path}: ${formatFieldErrors(claim.left)}; remove it by hand`);
    if (claim.right.version === version) return claim.right.sha256;
    throw new Trouble(`data bag item ${path}: version: expected ${version}, got ${claim.right.version}`);
  };

  const create = async (path: string, document: object): Promise<void> => {
    await send({ method: 'POST', path, json: JSON.stringify(document), expects: [409] });
  };

  return {
    claimed,
    complete: async () => {
      const { status, text } = await send({ method: 'GET', path: `/data/${DATA_BAG}`, expects: [404] });
      if (status === 404) return new Map();
      const items: unknown = JSON.parse(text);
      if (!isRecord(items)) throw new Trouble(`data bag ${DATA_BAG}: expected an object of items, got something else`);
      const marks = Object.keys(items).flatMap((id) => markOf(id) ?? []);
      return new Map(marks.map(({ version, sha256 }) => [version, sha256]));
    },
    mark: async (record, cookbooks) => {
      const { version, sha256 } = record;
      await create('/data', { name: DATA_BAG });
      await create(`/data/${DATA_BAG}`, {
        id: claimId(version),
        version,
        sha256,
        cookbooks: Object.fromEntries(cookbooks.map((cookbook) => [cookbook.name, cookbook.version])),
      });
      const there = await claimed(version);
      if (there === undefined) throw new Trouble(`the server took the mark of ${version}, and does not have it`);
      if (there !== sha256) return false;
      await create(`/data/${DATA_BAG}`, { id: markId(record), version, sha256 });
      const { status } = await send({ method: 'GET', path: `/data/${DATA_BAG}/${markId(record)}`, expects: [404] });
      if (status === 404) throw new Trouble(`the server took the mark of ${version}, and does not have it`);
      return true;
    },
  };
};
