/** The command as an operator meets it: a process, its arguments, its exit code. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, MAIN, runSignalbox } from '../../support/run-signalbox.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-simulator-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const simulate = (...args: readonly string[]): Promise<Ended> => runSignalbox(['simulate', ...args], directory);

describe('signalbox simulate', () => {
  it('simulates a file, writes the report, and shows no progress where stderr is no terminal', async () => {
    writeFileSync(join(directory, 'own.yaml'), 'name: own\nplan: slack\nlasts: 1d\nfleet: 32\ninstalled: 1.0.0\n');
    const ended = await simulate('own.yaml', '--seed', '3', '--nodes', '16', '--for', '13h', '--report', 'own.html');
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(ended.out).toMatch(/^nodes +16$/m);
    expect(ended.out).toMatch(/^time +13h from 2026-01-05T00:00:00Z, 208 node-hours$/m);
    expect(ended.out).toMatch(/^trace .*\(seed 3, mode skip\)$/m);
    expect(readFileSync(join(directory, 'own.html'), 'utf8')).toMatch(/^<!doctype html>/i);
  });

  it('one seed is one history, whatever the mode', async () => {
    const hashOf = async (...args: readonly string[]): Promise<unknown> => {
      const { out } = await simulate('slack-day', '--nodes', '16', '--json', ...args);
      return (JSON.parse(out) as { readonly trace_hash: unknown }).trace_hash;
    };
    const [one, again, poll, other] = await Promise.all([
      hashOf(),
      hashOf('--seed', '1', '--mode', 'skip'),
      hashOf('--mode', 'poll'),
      hashOf('--seed', '2'),
    ]);
    expect(one).toMatch(/^\w+$/);
    expect([again, poll]).toEqual([one, one]);
    expect(other).not.toBe(one);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('asked by %s, ends before its end, and exits with 75', async (signal) => {
    // A pipe for a file tells when the process has come as far as to read its scenario.
    const scenario = join(directory, `${signal}.yaml`);
    execFileSync('mkfifo', [scenario]);
    const child = spawn(process.execPath, [MAIN, 'simulate', scenario, '--report', 'stopped.html'], { cwd: directory });
    let out = '';
    child.stdout.on('data', (text: Buffer) => (out += text.toString()));
    const ended = new Promise<unknown>((resolve) => child.once('close', (...how: readonly unknown[]) => resolve(how)));
    await writeFile(scenario, 'name: long\nplan: slack\nlasts: 3650d\nfleet: 20000\ninstalled: 1.0.0\n');
    child.kill(signal);
    expect(await ended).toEqual([75, null]);
    expect([out, existsSync(join(directory, 'stopped.html'))]).toEqual(['', false]);
  });

  it('lists what is ready', async () => {
    const ended = await simulate('--list');
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(ended.out).toMatch(/^year +a year of ten thousand nodes/m);
  });

  it('explains itself, with examples and its exit codes', async () => {
    const ended = await simulate('--help');
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(ended.out).toMatch(/^ {2}\$ signalbox simulate default-faults$/m);
    for (const code of [0, 1, 65, 69]) expect(ended.out).toMatch(new RegExp(`^ {2}${code} +[a-z]`, 'm'));
  });

  it.each([
    ['no scenario', [], 64, /expected a scenario/],
    ['an unknown scenario', ['yeer'], 65, /expected a file, or one of quiet-week,.*got "yeer"/],
    ['a missing file', ['./yeer.yaml'], 65, /ENOENT/],
    ['a bad seed', ['year', '--seed', '-1'], 64, /expected a whole number from 0 to 4294967295/],
    ['an unknown mode', ['year', '--mode', 'fast'], 64, /Allowed choices are poll, skip/],
    ['no nodes', ['year', '--nodes', '0'], 64, /expected a whole number from 1 to 5000000/],
    ['no time', ['year', '--for', '0s'], 64, /expected at least 1m, got 0s/],
    ['less time than a scenario may last', ['year', '--for', '30s'], 64, /expected at least 1m, got 30s/],
    ['more time than a scenario may last', ['year', '--for', '3651d'], 64, /a duration of at most ten years \(3650d\)/],
    ['a scenario beside --list', ['nosuch', '--list'], 64, /expected none beside --list, got "nosuch"/],
    ['a report without a name', ['year', '--report', ''], 64, /report: expected the name of a file, got ""/],
    [
      'a directory for a report',
      ['year', '--report', '.'],
      69,
      /report: expected a file that can be written, got \.: it is a d/,
    ],
  ] as const)('%s exits with its code and says so', async (_what, args, code, message) => {
    const ended = await simulate(...args);
    expect(ended.err).toMatch(message);
    expect(ended).toMatchObject({ code, out: '' });
  });
});
