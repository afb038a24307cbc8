import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runSignalbox } from '../../support/run-signalbox.ts';

interface Row {
  readonly at: string;
  readonly pins: Readonly<Record<string, string>>;
}

const published = JSON.parse(readFileSync(new URL('../../vectors/slack-timetable.json', import.meta.url), 'utf8')) as {
  readonly departures: readonly Row[];
};

/** Rows with each version by its letter: Z for what everything starts on, A … F in order of arrival. */
const inLetters = (rows: readonly Row[]): readonly Row['pins'][] => {
  const start = rows[0]?.pins['prod-6'] ?? '';
  const letters = new Map([[start, 'Z']]);
  for (const { pins } of rows) {
    const newest = pins['sandbox'] ?? '';
    if (!letters.has(newest)) letters.set(newest, String.fromCharCode(64 + letters.size));
  }
  return rows.map(({ pins }) =>
    Object.fromEntries(Object.entries(pins).map(([name, version]) => [name, letters.get(version) ?? version])),
  );
};

describe('the demo', () => {
  it('T1: moves real nodes on real files as the published timetable says, and proves its claims', async () => {
    const { code, out, err } = await runSignalbox(['demo', '--hours', '6', '--json'], tmpdir());
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const rows = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);
    expect(rows.map(({ at }) => at.slice(11, 16))).toEqual(
      published.departures.map(({ at }) => at.replace(/^X\+(\d):/, '0$1:')),
    );
    expect(inLetters(rows)).toEqual(published.departures.map(({ pins }) => pins));
  }, 180_000);

  it('runs what it is given in the place of the stand-in, with the arguments of chef-client in local mode', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'signalbox-chef-client-'));
    try {
      const executable = join(directory, 'chef-client');
      const calls = join(directory, 'calls');
      writeFileSync(
        executable,
        [
          '#!/bin/sh',
          `echo "$*" >> ${calls}`,
          'while [ $# -gt 0 ]; do',
          '  case $1 in --chef-repo-path) repo=$2 ;; --environment) environment=$2 ;; esac',
          '  shift',
          'done',
          'mkdir -p "$SIGNALBOX_NODE_DIRECTORY" && cd "$SIGNALBOX_NODE_DIRECTORY"',
          `sed -n 's/.*"artifact_version": *"\\([^"]*\\)".*/\\1/p' "$repo/environments/$environment.json" > artifact_version`,
        ].join('\n'),
        { mode: 0o755 },
      );
      const args = ['demo', '--hours', '1', '--nodes', '16', '--json', '--chef-client', executable];
      expect(await runSignalbox(args, directory)).toMatchObject({ code: 0, err: '' });
      expect(readFileSync(calls, 'utf8').split('\n')[0]).toMatch(
        /^--local-mode --chef-repo-path \S+ --environment \S+ --node-name \S+ --config-option versioned_cookbooks=true$/,
      );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }, 180_000);
});
