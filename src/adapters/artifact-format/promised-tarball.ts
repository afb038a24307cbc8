import { createHash } from 'node:crypto';
import type { ArtifactRecord } from '../../ports/artifact-store.ts';
import { tarballFault } from './verified-tarball.ts';

/** What is wrong with a tarball that arrived, as opposed to with where it goes. */
export class CorruptTarball extends Error {}

/**
 * The pieces of a tarball that arrives, none of them empty, as long as they can be those of `record`.
 *
 * @throws CorruptTarball in place of an end, when it breaks off, grows too long, or was another than the record promises.
 */
export async function* promisedTarball(
  record: ArtifactRecord,
  tarball: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  const pieces = tarball[Symbol.asyncIterator]();
  let length = 0;
  try {
    for (;;) {
      const next = await pieces.next().catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        throw new CorruptTarball(`tarball: broke off after ${length} bytes: ${reason}`);
      });
      if (next.done === true) break;
      length += next.value.length;
      if (length > record.sizeBytes) throw new CorruptTarball(`tarball: expected ${record.sizeBytes} bytes, got more`);
      hash.update(next.value);
      if (next.value.length > 0) yield next.value;
    }
  } finally {
    await pieces.return?.().catch(() => undefined);
  }
  const fault = tarballFault(record, length, hash.digest('hex'));
  if (fault !== undefined) throw new CorruptTarball(fault);
}
