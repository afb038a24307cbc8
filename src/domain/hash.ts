/**
 * A small uniform hash: how every spreading in time or over environments is drawn without randomness, so that it is the
 * same after a restart and can be predicted from outside.
 *
 * Not for secrets or checksums: anyone can find two texts with the same hash.
 *
 * @module
 */

const FNV_OFFSET = 0x811c9dc5;
const NEWLINE = 0x0a;

const withUnit = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);

const withText = (start: number, text: string): number => {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = withUnit(hash, text.charCodeAt(i));
  return hash;
};

const finished = (start: number): number => {
  let hash = start;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};

/**
 * A uniform 32-bit hash of `text`, 0 … 2³² − 1: FNV-1a over its UTF-16 code units, finished with the avalanche of
 * MurmurHash3, so that names which differ in their last digit only land far apart.
 *
 * The numbers it gives are part of the contract: they decide when nodes run and where they belong. They never change.
 * Sources: Fowler, Noll and Vo's FNV-1a (32 bit); Austin Appleby's `fmix32`.
 */
export const hash32 = (text: string): number => finished(withText(FNV_OFFSET, text));

const TWO_TO_THE_32 = 4_294_967_296;

/** A uniform fraction drawn by `text`, 0 ≤ fraction < 1. */
export const hashFraction = (text: string): number => hash32(text) / TWO_TO_THE_32;

/**
 * A uniform fraction, 0 ≤ fraction < 1, that `subject` draws for `purpose`: that of the two texts with a line feed
 * between them, which are not put together for it. Nodes draw several with every decision.
 */
export const hashFractionFor = (subject: string, purpose: string): number =>
  finished(withText(withUnit(withText(FNV_OFFSET, subject), NEWLINE), purpose)) / TWO_TO_THE_32;
