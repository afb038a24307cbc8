import type { Version } from '../../domain/names.ts';
import type { ArtifactAddition, ArtifactRecord, ArtifactStore } from '../../ports/artifact-store.ts';
import { CorruptTarball, promisedTarball, verifiedTarball } from '../artifact-format/index.ts';

/** An artifact store in memory, and a way to damage what it holds. */
export interface MemoryArtifactStore extends ArtifactStore {
  /** Replaces the bytes of a stored artifact; its record stays as it is. */
  readonly damage: (key: string, bytes: Uint8Array) => void;
}

interface Held {
  readonly record: ArtifactRecord;
  readonly tarball: Uint8Array;
}

/** The bytes of a tarball that are those of `record`, or what is wrong with them. */
const receive = async (
  record: ArtifactRecord,
  tarball: AsyncIterable<Uint8Array>,
): Promise<Uint8Array | { readonly fault: string }> => {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of promisedTarball(record, tarball)) pieces.push(Uint8Array.from(piece));
    return Buffer.concat(pieces);
  } catch (error) {
    if (error instanceof CorruptTarball) return { fault: error.message };
    throw error;
  }
};

const keyOf = ({ version }: ArtifactRecord): string => `${version}.tar.gz`;

/** An empty artifact store that lasts as long as the process, and holds all its artifacts in memory. */
export const memoryArtifactStore = (): MemoryArtifactStore => {
  const artifacts = new Map<Version, Held>();
  const alreadyThere = ({ version, sha256 }: ArtifactRecord): ArtifactAddition | undefined => {
    const there = artifacts.get(version);
    if (there === undefined) return undefined;
    if (there.record.sha256 === sha256) return { _tag: 'AlreadyThere' };
    return { _tag: 'DifferentBytes', existingSha256: there.record.sha256 };
  };
  return {
    keyOf,
    add: async (record, tarball) => {
      const early = alreadyThere(record);
      if (early !== undefined) return early;
      const received = await receive(record, tarball);
      if ('fault' in received) return { _tag: 'Corrupt', detail: received.fault };
      const late = alreadyThere(record);
      if (late !== undefined) return late;
      artifacts.set(record.version, { record, tarball: received });
      return { _tag: 'Added' };
    },
    list: async () => ({ _tag: 'Listed', artifacts: [...artifacts.values()].map(({ record }) => record) }),
    open: async (version) => {
      const held = artifacts.get(version);
      if (held === undefined) return { _tag: 'Missing' };
      const bytes = async function* (): AsyncGenerator<Uint8Array> {
        yield held.tarball;
      };
      return { _tag: 'Opened', record: held.record, tarball: verifiedTarball(held.record, bytes()) };
    },
    damage: (key, bytes) => {
      for (const [version, { record }] of artifacts) {
        if (keyOf(record) === key) artifacts.set(version, { record, tarball: Uint8Array.from(bytes) });
      }
    },
  };
};
