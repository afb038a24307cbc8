import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { boundedInteger, decodeJsonWith, formatFieldErrors, refinedText } from '../../domain/decoding.ts';
import { Manifest } from '../../domain/manifest.ts';
import { Version } from '../../domain/names.ts';
import { formatInstant, parseInstant } from '../../domain/time.ts';
import type { ArtifactRecord } from '../../ports/artifact-store.ts';

/** SHA-256 in lower-case hexadecimal. */
export const Sha256: t.Type<string> = refinedText('SHA-256', 'SHA-256 as 64 of 0-9 a-f', (text) =>
  /^[0-9a-f]{64}$/.test(text),
);

const decodeWire = decodeJsonWith(
  t.type(
    {
      version: Version,
      sha256: Sha256,
      size_bytes: boundedInteger('size in bytes', 0, Number.MAX_SAFE_INTEGER),
      added_at: t.string,
      manifest: Manifest,
    },
    'ArtifactRecord',
  ),
);

/** Reads what {@link encodeArtifactRecord} wrote; the error names the field. */
export const decodeArtifactRecord = (text: string): E.Either<string, ArtifactRecord> => {
  const wire = decodeWire(text);
  if (E.isLeft(wire)) return E.left(formatFieldErrors(wire.left));
  const addedAt = parseInstant(wire.right.added_at);
  if (E.isLeft(addedAt)) return E.left(`added_at: expected ${addedAt.left}`);
  const { version, sha256, size_bytes: sizeBytes, manifest } = wire.right;
  return E.right({ version, sha256, sizeBytes, addedAt: addedAt.right, manifest });
};

/** An artifact's record as JSON for people and programs, snake_case like the manifest in it. */
export const encodeArtifactRecord = (record: ArtifactRecord): string =>
  `${JSON.stringify(
    {
      version: record.version,
      sha256: record.sha256,
      size_bytes: record.sizeBytes,
      added_at: formatInstant(record.addedAt),
      manifest: Manifest.encode(record.manifest),
    },
    null,
    2,
  )}\n`;
