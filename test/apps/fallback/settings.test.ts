import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../src/apps/fallback/settings.ts';

describe("the fallback's settings", () => {
  it('are the defaults where nobody says otherwise', () => {
    const { settings, complaints } = readSettings('', {});
    expect(complaints).toEqual([]);
    expect(settings).toMatchObject({ THRESHOLD_SECONDS: '43200', STATE_FILE: '/var/lib/signalbox/summoner.json' });
  });

  it('are read from the file, and the environment goes before it', () => {
    const text = '# comment\n\nTHRESHOLD_SECONDS=100\r\nCOMMAND=chef-client --once=x\nSPLAY_SECONDS=0\n';
    const { settings, complaints } = readSettings(text, { SIGNALBOX_FALLBACK_THRESHOLD_SECONDS: '200' });
    expect(complaints).toEqual([]);
    expect(settings).toMatchObject({ THRESHOLD_SECONDS: '200', COMMAND: 'chef-client --once=x', SPLAY_SECONDS: '0' });
  });

  it('are lines as a shell reads them: without NULs, and without one control character at their end', () => {
    const { settings, complaints } = readSettings('\t\nHOOK=a\t\r\nRETRY_\0SECONDS=9\x7f\nNODE_NAME=a\rb=\u2028c', {});
    expect(complaints).toEqual([]);
    expect(settings).toMatchObject({ HOOK: 'a\t', RETRY_SECONDS: '9', NODE_NAME: 'a\rb=\u2028c' });
  });

  it('that are blank leave the default', () => {
    expect(readSettings('COMMAND= \t \nNODE_NAME=\n', {})).toEqual(readSettings('', {}));
  });

  it.each([
    ['THRESHOLD_SECONDS=0', 'THRESHOLD_SECONDS=0: expected 1 to 9999999, in seconds'],
    ['THRESHOLD_SECONDS=010', 'THRESHOLD_SECONDS=010: expected 1 to 9999999, in seconds'],
    ['RETRY_SECONDS=1e3', 'RETRY_SECONDS=1e3: expected 1 to 9999999, in seconds'],
    ['SPLAY_SECONDS=-1', 'SPLAY_SECONDS=-1: expected 0 to 9999999, in seconds'],
    ['STATE_FILE=summoner.json', 'STATE_FILE=summoner.json: expected an absolute path'],
    ['COMMAND="chef-client"', 'COMMAND="chef-client": expected no quotes'],
    ['TRESHOLD=1', 'TRESHOLD=1: expected NAME=VALUE with the name of a setting'],
    ['nonsense', 'nonsense: expected NAME=VALUE with the name of a setting'],
  ])('%s is complained of, and leaves the default', (line, complaint) => {
    const { settings, complaints } = readSettings(`${line}\n`, {});
    expect(complaints).toEqual([complaint]);
    expect(settings).toEqual(readSettings('', {}).settings);
  });
});
