import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/apps/cli/load.ts';
import { formatFailure } from '../../../src/apps/failure.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-load-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const load = async (text: string, environment: Readonly<Record<string, string>> = {}): Promise<string> => {
  const file = join(directory, 'config.yaml');
  writeFileSync(file, text);
  const loaded = await loadConfig(O.some(file), environment);
  return E.isLeft(loaded) ? formatFailure(loaded.left) : 'loaded';
};

/** Nine levels of nine aliases each: a few hundred bytes that stand for 387 million names. */
const BOMB = [
  'a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]',
  ...Array.from('bcdefghi').map((name, i) => {
    const below = 'abcdefgh'[i] ?? '';
    return `${name}: &${name} [${Array<string>(9).fill(`*${below}`).join(', ')}]`;
  }),
].join('\n');

describe('a configuration file', () => {
  it('may be empty', async () => {
    expect(await load('')).toBe('loaded');
  });

  it('may use a few aliases', async () => {
    expect(await load('bus: &here here\nstate: *here\n')).toBe('loaded');
  });

  it('that multiplies itself is refused before it fills the memory', async () => {
    expect(await load(BOMB)).toMatch(/config\.yaml: expected YAML: Excessive alias count/);
  });

  it('a variable that multiplies itself is refused by name', async () => {
    const refusal = await load('', { SIGNALBOX_CHEF_SERVERS: BOMB });
    expect(refusal).toMatch(/chef_servers: SIGNALBOX_CHEF_SERVERS: expected YAML: Excessive alias count/);
  });

  it('a variable that is no YAML is refused by name', async () => {
    expect(await load('', { SIGNALBOX_COMMAND: '[unclosed' })).toMatch(
      /command: SIGNALBOX_COMMAND: expected YAML: Flow sequence/,
    );
  });
});
