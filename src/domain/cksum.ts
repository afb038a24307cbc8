/**
 * The checksum that the POSIX utility `cksum` prints, so that a number drawn here can be drawn by a shell script as well.
 *
 * @module
 */

/** CRC-32 with the polynomial of ISO/IEC 8802-3, most significant bit first. */
const POLYNOMIAL = 0x04c11db7;

const shiftedByOneBit = (crc: number): number => (crc << 1) ^ (crc & 0x80000000 ? POLYNOMIAL : 0);

/** What a byte in the top eight bits does to the rest. */
const TABLE: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = shiftedByOneBit(crc);
  return crc;
});

const withByte = (crc: number, byte: number): number => (crc << 8) ^ (TABLE[((crc >>> 24) ^ byte) & 0xff] ?? 0);

/**
 * The first number that `cksum` prints for `bytes`, 0 … 2³² − 1: a CRC over the bytes and then over their count, least
 * significant byte first. Source: POSIX.1, Shell and Utilities, `cksum`.
 *
 * Not the CRC-32 of zip and Ethernet, which reflects its bits and does not count.
 */
export const cksum = (bytes: Uint8Array): number => {
  let crc = 0;
  for (const byte of bytes) crc = withByte(crc, byte);
  for (let rest = bytes.length; rest > 0; rest = Math.floor(rest / 256)) crc = withByte(crc, rest % 256);
  return ~crc >>> 0;
};
