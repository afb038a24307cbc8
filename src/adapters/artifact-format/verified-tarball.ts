import { createHash } from 'node:crypto';
import type { ArtifactRecord } from '../../ports/artifact-store.ts';

/** What is wrong with a tarball of `sizeBytes` and `sha256` that should be that of `record`; nothing when it is. */
export const tarballFault = (record: ArtifactRecord, sizeBytes: number, sha256: string): string | undefined =>
  sizeBytes === record.sizeBytes && sha256 === record.sha256
    ? undefined
    : `tarball: expected ${record.sizeBytes} bytes with SHA-256 ${record.sha256}, got ${sizeBytes} with ${sha256}`;

/**
 * The bytes of a stored artifact, checked on the way.
 *
 * @throws Error at the end of the stream, when they are not those that the record promises.
 */
export async function* verifiedTarball(
  record: ArtifactRecord,
  tarball: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const piece of tarball) {
    sizeBytes += piece.length;
    hash.update(piece);
    yield piece;
  }
  const fault = tarballFault(record, sizeBytes, hash.digest('hex'));
  if (fault !== undefined) throw new Error(`artifact ${record.version}: ${fault}`);
}
