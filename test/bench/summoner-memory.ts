import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { mustRun, ROOT } from '../gates/tool.ts';
import { cannotTell, programOf, summonerBy, type Taken, watchPollers } from './idle-pollers.ts';
import type { Effort, Section } from './section.ts';

const BUNDLE = 'dist/bin';

const KINDS = {
  /** The executable as it is published, with nothing but a configuration. */
  summoner: summonerBy('summoner', (folder) => [process.execPath, join(folder, BUNDLE, 'signalbox.js')]),
  handSigned: programOf('hand-signed-poll', 'handSignedPoll'),
  sdk: programOf('sdk-poll', 'sdkPoll'),
};

type Kind = keyof typeof KINDS;

const layOut = async (folder: string): Promise<void> => {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), readFileSync(join(ROOT, 'package.json')));
  await mustRun('node', ['build/bundle.ts', join(folder, BUNDLE)]);
};

/** All three are watched together, once for both sections. */
let watching: Promise<(kind: Kind) => Taken> | undefined;

const watched = (effort: Effort) => (watching ??= watchPollers(KINDS, layOut, effort));

const against = (name: string, alternative: string, kind: Kind, ratio: number): Section => ({
  name,
  what: 'resident anonymous memory of a Summoner that polls S3',
  alternative,
  goal: { _tag: 'RatioAtMost', ratio },
  measure: async (effort) => {
    const skipped = cannotTell();
    if (skipped !== undefined) return skipped;
    const takenBy = await watched(effort);
    return {
      _tag: 'Weighed',
      bytes: takenBy('summoner').anonymousBytes,
      alternativeBytes: takenBy(kind).anonymousBytes,
    };
  },
});

/** How near the agent is to the least that Node can do. */
export const summonerMemorySigned = against(
  'summoner-memory-signed',
  'a script of node:http that signs by hand',
  'handSigned',
  1.3,
);

/** How far it is from what one would write with the SDK. */
export const summonerMemorySdk = against('summoner-memory-sdk', 'a script that polls with the SDK', 'sdk', 0.75);
