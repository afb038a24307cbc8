import type { ArtifactInbox } from '../../ports/artifact-inbox.ts';
import { byName, isInboxName } from '../artifact-format/index.ts';

/** An inbox in memory, and the means to put something there. */
export interface MemoryArtifactInbox extends ArtifactInbox {
  /** Puts bytes there, whatever lies under that name. Such as `mayGrow` are those of a file that is being written. */
  readonly put: (name: string, bytes: Uint8Array, mayGrow?: boolean) => void;
  /** Removes what lies under a name. */
  readonly remove: (name: string) => void;
}

/** An empty inbox that lasts as long as the process. */
export const memoryArtifactInbox = (): MemoryArtifactInbox => {
  const held = new Map<string, { readonly bytes: Uint8Array; readonly revision: string; readonly mayGrow: boolean }>();
  let puts = 0;
  return {
    put: (name, bytes, mayGrow = false) => {
      puts += 1;
      held.set(name, { bytes: Uint8Array.from(bytes), revision: String(puts), mayGrow });
    },
    remove: (name) => {
      held.delete(name);
    },
    list: async () => ({
      _tag: 'Listed',
      tarballs: [...held]
        .map(([name, { bytes, revision, mayGrow }]) => ({ name, revision, sizeBytes: bytes.length, mayGrow }))
        .filter(({ name }) => isInboxName(name))
        .sort(byName),
    }),
    open: async (name, revision) => {
      const found = held.get(name);
      if (found?.revision !== revision) return { _tag: 'Changed' };
      const tarball = async function* (): AsyncGenerator<Uint8Array> {
        yield found.bytes;
        if (held.get(name)?.revision !== revision) throw new Error(`${name} was replaced while it was read`);
      };
      return { _tag: 'Opened', tarball: tarball() };
    },
  };
};
