import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ArtifactArrival, ArtifactIntake } from '../../ports/artifact-intake.ts';
import { inspectArtifact } from '../artifact-format/index.ts';
import { makeDirectories, nodeFileSystem, settleLeftovers, temporaryPath } from '../durable-files/index.ts';

/** The largest tarball that is taken in, in bytes: 2 GiB. */
export const SPOOLED_BYTES_MAX = 2_147_483_648;

class TooLarge extends Error {}

async function* atMost(bytes: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const piece of bytes) {
    length += piece.length;
    if (length > bytesMax) throw new TooLarge(`expected at most ${bytesMax} bytes, got more`);
    yield piece;
  }
}

const inspect = async (file: string, discard: () => Promise<void>): Promise<ArtifactArrival> => {
  const inspected = await inspectArtifact(createReadStream(file));
  if (inspected._tag === 'BadArtifact') {
    await discard();
    return inspected;
  }
  const { manifest, sha256, sizeBytes } = inspected;
  return { _tag: 'Received', manifest, sha256, sizeBytes, read: () => createReadStream(file), discard };
};

const fs = nodeFileSystem;

/** Makes the spool's directory, and clears it of what processes that died have left there (law N8, fault 41). */
const prepare = async (directory: string): Promise<void> => {
  await makeDirectories(fs, directory);
  await settleLeftovers(fs, directory, (path) => ({ path, bytesMax: 0, links: 'refuse' }));
};

/**
 * An {@link ArtifactIntake} that keeps what arrives in a hidden directory of its own below `directory`, until it is
 * discarded. `directory` is made when it is missing; it may be an artifact store's, whose disk has room for artifacts.
 */
export const artifactSpool = (directory: string, bytesMax: number = SPOOLED_BYTES_MAX): ArtifactIntake => {
  let prepared: Promise<void> | undefined;
  return async (tarball) => {
    let place: string | undefined;
    const discard = async (): Promise<void> => {
      // What cannot be removed now is cleared at the next start.
      if (place !== undefined) await fs.removeTree(place).catch(() => undefined);
    };
    try {
      await (prepared ??= prepare(directory));
      place = await temporaryPath(fs, join(directory, 'arriving'));
      await fs.makeDirectory(place);
      const file = join(place, 'artifact.tar.gz');
      await pipeline(Readable.from(atMost(tarball, bytesMax)), createWriteStream(file, { mode: 0o600 }));
      return await inspect(file, discard);
    } catch (error) {
      prepared = undefined;
      await discard();
      const detail = error instanceof Error ? error.message : String(error);
      return { _tag: error instanceof TooLarge ? 'BadArtifact' : 'Unavailable', detail };
    }
  };
};
