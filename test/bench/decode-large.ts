import { readFileSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import { decodeSignal, encodeSignal, formatSignalRefusal, type Signal } from '../../src/domain/signal.ts';
import { nameFromLiteral, Version } from '../../src/domain/names.ts';
import { compareOperations } from './compare.ts';
import type { Section } from './section.ts';

const COOKBOOKS = 1_000;

/** `signal` with half of {@link COOKBOOKS} from elsewhere, at versions of their own, and half of the fleet's own. */
const withCookbooks = (signal: Signal): Signal => {
  const version = nameFromLiteral(Version);
  const names = Array.from({ length: COOKBOOKS / 2 }, (_, i) => i);
  return {
    ...signal,
    manifestRecord: {
      ...signal.manifestRecord,
      manifest: {
        ...signal.manifestRecord.manifest,
        cookbookVersions: Object.fromEntries(names.map((i) => [`cookbook-${i}`, version(`${i % 9}.${i % 17}.${i}`)])),
        siteCookbookVersions: Object.fromEntries(names.map((i) => [`site_${i}`, signal.manifestRecord.version])),
      },
    },
  };
};

/** A signal with a thousand cookbooks (fault 30). */
export const decodeLarge: Section = {
  name: 'decode-large',
  what: `decodeSignal, ${COOKBOOKS} cookbooks`,
  alternative: 'JSON.parse of the same text',
  goal: { _tag: 'RatioAtMost', ratio: 1.5 },
  measure: async (effort) => {
    const small = decodeSignal(readFileSync(new URL('../vectors/slack-signal.json', import.meta.url), 'utf8'));
    if (E.isLeft(small)) throw new Error(formatSignalRefusal(small.left));
    const text = encodeSignal(withCookbooks(small.right));
    return compareOperations(
      { ours: () => decodeSignal(text), alternative: () => JSON.parse(text) as unknown },
      effort,
    );
  },
};
