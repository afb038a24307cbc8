import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { artifactSpool } from '../../src/adapters/artifact-spool/index.ts';
import { exampleArtifact, exampleManifest, streamed } from '../../src/adapters/contracts/example-artifact.ts';

const { tarball } = exampleArtifact(exampleManifest('1.0.1', { apt: '7.5.23' }, { site: '1.0.1' }));

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'signalbox-spool-'));
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

async function* brokenOff(): AsyncGenerator<Uint8Array> {
  yield* streamed(tarball.subarray(0, 100));
  throw new Error('aborted');
}

const lengthOf = async (bytes: AsyncIterable<Uint8Array>): Promise<number> => {
  let length = 0;
  for await (const piece of bytes) length += piece.length;
  return length;
};

describe('the spool', () => {
  it('makes its directory, and keeps what arrives until it is discarded', async () => {
    const directory = join(root, 'deep', 'spool');
    const arrived = await artifactSpool(directory)(streamed(tarball));
    if (arrived._tag !== 'Received') throw new Error(JSON.stringify(arrived));
    expect(arrived.sizeBytes).toBe(tarball.length);
    expect(await lengthOf(arrived.read())).toBe(tarball.length);
    expect(await lengthOf(arrived.read())).toBe(tarball.length);
    expect(readdirSync(directory)).toHaveLength(1);
    await arrived.discard();
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each([
    ['breaks off', brokenOff, undefined, 'Unavailable', 'aborted'],
    ['is no artifact', () => streamed(Buffer.from('no tarball')), undefined, 'BadArtifact', ''],
    ['is too large', () => streamed(tarball), 10, 'BadArtifact', 'expected at most 10 bytes, got more'],
  ] as const)('fault 70: keeps nothing of what %s', async (_what, bytes, bytesMax, tag, detail) => {
    const directory = join(root, 'refusing');
    const arrived = await artifactSpool(directory, bytesMax)(bytes());
    expect(arrived).toMatchObject({ _tag: tag, detail: expect.stringContaining(detail) as unknown });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('fault 41: clears what dead processes left, and nothing else', async () => {
    const directory = join(root, 'left');
    mkdirSync(join(directory, '.arriving.00000000-00000000-1-1.0123456789abcdef.tmp'), { recursive: true });
    mkdirSync(join(directory, '1.0.1'));
    const arrived = await artifactSpool(directory)(streamed(tarball));
    if (arrived._tag === 'Received') await arrived.discard();
    expect(readdirSync(directory)).toEqual(['1.0.1']);
  });

  it('a directory that cannot be made is said, and tried again', async () => {
    const spool = artifactSpool('/dev/null/spool');
    expect(await spool(streamed(tarball))).toMatchObject({ _tag: 'Unavailable' });
    expect(await spool(streamed(tarball))).toMatchObject({ _tag: 'Unavailable' });
  });
});
