import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { type Replay, replayCommand } from '../../../src/apps/simulator/replay-command.ts';
import { DAY_MS, HOUR_MS } from '../../../src/domain/time.ts';
import { property } from '../../support/property.ts';

const YEAR: Replay = { scenario: 'year', seed: 7, mode: 'skip', nodes: O.none, forMs: O.none };

const ODD_FILE = fc.constantFrom("./our week's.yaml", '$(true).yaml', 'a"b', '*.yaml', '~', '#', '!!');
const ANY_FILE = fc.string({ minLength: 1, unit: 'binary' }).filter((text) => !text.includes('\0'));

describe('the command that replays a history', () => {
  it('says no more than it has to', () => {
    expect(replayCommand(YEAR)).toBe('signalbox simulate year --seed 7');
  });

  it('says in which size and mode it was simulated', () => {
    const { mode, nodes, forMs } = { mode: 'poll', nodes: O.some(20), forMs: O.some(DAY_MS + HOUR_MS) } as const;
    expect(replayCommand({ ...YEAR, mode, nodes, forMs })).toBe(
      'signalbox simulate year --seed 7 --mode poll --nodes 20 --for 1d1h',
    );
  });

  property(
    'leaves the name of a file as it was given, as one word of a shell',
    [fc.oneof(ODD_FILE, ANY_FILE)],
    (scenario) => {
      const [, word = ''] = /^signalbox simulate (.*) --seed 7$/s.exec(replayCommand({ ...YEAR, scenario })) ?? [];
      expect(execFileSync('sh', ['-c', `printf '%s|' ${word}`], { encoding: 'utf8' })).toBe(`${scenario}|`);
    },
    { numRuns: 50 },
  );
});
