import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import type { ArtifactBuilder, BuildFault, BuildOrder } from '../../ports/artifact-builder.ts';
import { BadFolder, buildArtifact, surveyFolder } from '../artifact-format/index.ts';
import { describeFailure, nodeFileSystem, temporaryPath } from '../durable-files/index.ts';

const fs = nodeFileSystem;

const faultOf = (operation: string, path: string, error: unknown): BuildFault =>
  error instanceof BadFolder
    ? { _tag: 'BadFolder', detail: error.message }
    : { _tag: 'Unavailable', detail: describeFailure(operation, path, error) };

const pack = async (
  { directory, manifest }: BuildOrder,
  path: string,
): Promise<{ readonly sha256: string; readonly sizeBytes: number }> => {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const file = await fs.create(path);
  try {
    for await (const piece of buildArtifact(directory, manifest)) {
      hash.update(piece);
      sizeBytes += piece.length;
      await file.write(piece);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: hash.digest('hex'), sizeBytes };
};

/**
 * Builds artifacts from folders of this machine. The tarball appears by one rename, so that whoever watches for it never
 * meets half of it; what an interrupted build leaves is hidden beside it.
 */
export const artifactBuilder = (): ArtifactBuilder => ({
  survey: async (directory) => {
    try {
      return { _tag: 'Surveyed', ...(await surveyFolder(directory)) };
    } catch (error) {
      return faultOf('read', directory, error);
    }
  },
  build: async (order) => {
    let temporary: string | undefined;
    try {
      temporary = await temporaryPath(fs, order.file);
      const packed = await pack(order, temporary);
      await fs.rename(temporary, order.file);
      temporary = undefined;
      await fs.syncDirectory(dirname(order.file));
      return { _tag: 'Built', ...packed };
    } catch (error) {
      return faultOf('write', order.file, error);
    } finally {
      if (temporary !== undefined) await fs.unlink(temporary).catch(() => undefined);
    }
  },
});
