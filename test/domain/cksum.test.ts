import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cksum } from '../../src/domain/cksum.ts';
import { property, propertyParameters } from '../support/property.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The definition as POSIX writes it: one bit at a time, with the polynomial spelt out by its powers. */
const cksumByBits = (bytes: Uint8Array): number => {
  const polynomial = [26, 23, 22, 16, 12, 11, 10, 8, 7, 5, 4, 2, 1, 0].reduce((sum, power) => sum + 2 ** power, 0);
  const length: number[] = [];
  for (let rest = bytes.length; rest > 0; rest = Math.floor(rest / 256)) length.push(rest % 256);
  let crc = 0n;
  for (const byte of [...bytes, ...length]) {
    for (let bit = 7; bit >= 0; bit--) {
      const top = (crc >> 31n) & 1n;
      crc = ((crc << 1n) & 0xffffffffn) ^ ((top ^ BigInt((byte >> bit) & 1)) === 1n ? BigInt(polynomial) : 0n);
    }
  }
  return Number(crc ^ 0xffffffffn);
};

describe('cksum', () => {
  it.each([
    ['', 4_294_967_295],
    ['\n', 3_515_105_045],
    ['a', 1_220_704_766],
    ['123456789', 930_766_865],
    ['web-17.example.com', 149_806_716],
  ])('%j is what the utility prints', (text, expected) => {
    expect(cksum(bytesOf(text))).toBe(expected);
  });

  property('is the definition, for any bytes', [fc.uint8Array({ maxLength: 700 })], (bytes) => {
    expect(cksum(bytes)).toBe(cksumByBits(bytes));
  });

  it('is what the utility of this machine prints, for any bytes', () => {
    const directory = mkdtempSync(join(tmpdir(), 'signalbox-cksum-'));
    try {
      const { numRuns } = propertyParameters();
      const samples = fc.sample(fc.uint8Array({ maxLength: 300 }), { numRuns: numRuns ?? 100 });
      const paths = samples.map((bytes, i) => {
        const path = join(directory, String(i));
        writeFileSync(path, bytes);
        return path;
      });
      const printed = execFileSync('cksum', paths, { encoding: 'utf8' }).trimEnd().split('\n');
      expect(printed.map((line) => Number(line.split(' ')[0]))).toEqual(samples.map(cksum));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('is not the CRC-32 of zip, which has no such words for it', () => {
    expect(cksum(bytesOf('123456789'))).not.toBe(0xcbf43926);
  });
});
