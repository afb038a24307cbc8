/**
 * With this the executable for nodes starts: it loads its pieces out of itself.
 *
 * @module
 */
import { getRawAsset } from 'node:sea';
import { compile, compiledOf, FIRST, requireFrom } from './chunks.ts';

const asset = (name: string): Buffer => Buffer.from(getRawAsset(name));

/** An executable for another architecture has nothing compiled. */
const compiledIfAny = (name: string): Buffer | undefined => {
  try {
    return asset(compiledOf(name));
  } catch {
    return undefined;
  }
};

requireFrom((name) => compile(name, { text: asset(name).toString(), compiled: compiledIfAny(name) }), require)(FIRST);
