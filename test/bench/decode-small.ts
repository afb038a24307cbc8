import { readFileSync } from 'node:fs';
import { decodeSignal } from '../../src/domain/signal.ts';
import { compareOperations } from './compare.ts';
import type { Section } from './section.ts';

/** The published signal: what most nodes read at most polls that find something. */
export const decodeSmall: Section = {
  name: 'decode-small',
  what: 'decodeSignal, the published signal',
  alternative: 'JSON.parse of the same text',
  goal: { _tag: 'RatioAtMost', ratio: 2 },
  measure: async (effort) => {
    const text = readFileSync(new URL('../vectors/slack-signal.json', import.meta.url), 'utf8');
    return compareOperations(
      { ours: () => decodeSignal(text), alternative: () => JSON.parse(text) as unknown },
      effort,
    );
  },
};
