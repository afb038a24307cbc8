import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, runSignalbox } from '../../support/run-signalbox.ts';

const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url));
const EXAMPLE = join(DOCS, 'forecast.yaml');

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-forecast-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const forecast = (...args: readonly string[]): Promise<Ended> => runSignalbox(['forecast', ...args], directory);

/** A small plan at noon, with one version on its way, and whatever else `fields` say. */
const write = (name: string, fields: object = {}): string => {
  const file = join(directory, name);
  const document = {
    plan: {
      name: 'small',
      stacks: ['basalt', 'ironstone'],
      stages: [
        { name: 'latest', kind: 'latest', environments: ['dev'], every: '1h' },
        { name: 'train', kind: 'train', environments: ['prod-1', 'prod-2'], boards: 'dev', every: '1h', offset: '30m' },
      ],
      by_hand: ['image'],
    },
    at: '2026-01-05T12:15:00Z',
    pins: { dev: '1.0', 'prod-1': '1.0', 'prod-2': '1.0', image: '1.0' },
    artifacts: [{ version: '1.0' }, { version: '1.1' }],
    ...fields,
  };
  writeFileSync(file, JSON.stringify(document));
  return file;
};

interface Json {
  readonly until: string;
  readonly end: string;
  readonly environments: readonly {
    readonly environment: string;
    readonly arrivals: object[];
    readonly spans: object[];
  }[];
  readonly versions: readonly {
    readonly version: string;
    readonly everywhere_at: string | null;
    readonly environments: object[];
  }[];
  readonly holds: readonly object[];
}

const json = async (...args: readonly string[]): Promise<Json> => {
  const ended = await forecast(...args, '--json');
  expect([ended.code, ended.err]).toEqual([0, '']);
  expect(ended.out.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(ended.out) as Json;
};

describe('signalbox forecast', () => {
  it('prints what the documentation says', async () => {
    const document = readFileSync(join(DOCS, 'forecast.md'), 'utf8');
    const [, printed] = /```text\n([\s\S]*?)```/.exec(document) ?? [];
    expect(await forecast(EXAMPLE)).toEqual({ code: 0, out: printed, err: '' });
  });

  it('answers with one JSON document', async () => {
    const made = await json(write('plain.json'));
    expect(made).toMatchObject({
      from: '2026-01-05T12:15:00Z',
      until: '2026-01-12T12:15:00Z',
      end: 'Settled',
      holds: [],
    });
    expect(made.environments.map(({ environment }) => environment)).toEqual(['dev', 'prod-1', 'prod-2', 'image']);
    expect(made.environments[1]).toEqual({
      environment: 'prod-1',
      pins: { basalt: '1.0', ironstone: '1.0' },
      arrivals: [
        {
          version: '1.1',
          at: '2026-01-05T13:30:00Z',
          reason: 'Boarded',
          stacks: ['basalt', 'ironstone'],
          whole: true,
        },
      ],
      spans: [
        {
          from: '2026-01-05T12:15:00Z',
          to: '2026-01-05T13:00:00Z',
          outcome: 'UpToDate',
          reason: 'UpToDate',
          version: '1.0',
          retry_at: '2026-01-05T12:30:00Z',
          explanation: 'up to date on 1.0',
        },
        {
          from: '2026-01-05T13:00:00Z',
          to: '2026-01-05T13:30:00Z',
          outcome: 'Waiting',
          reason: 'NotDue',
          version: null,
          retry_at: '2026-01-05T13:30:00Z',
          explanation: 'waiting: its next departure has not come; try again at 2026-01-05T13:30:00Z',
        },
        {
          from: '2026-01-05T13:30:00Z',
          to: null,
          outcome: 'UpToDate',
          reason: 'UpToDate',
          version: '1.1',
          retry_at: '2026-01-05T14:30:00Z',
          explanation: 'up to date on 1.1',
        },
      ],
    });
    const [newest, older] = made.versions;
    expect(newest).toMatchObject({ version: '1.1', everywhere_at: '2026-01-05T14:30:00Z' });
    expect(newest?.environments).toContainEqual({
      environment: 'image',
      passage: 'ByHand',
      at: null,
      ends_at: 'image',
      explanation: 'by hand only',
    });
    expect(older).toMatchObject({ version: '1.0', everywhere_at: '2026-01-05T12:15:00Z' });
  });

  it('says where a hold without an end bites, and where the way of a version ends for it', async () => {
    const held = { id: 'freeze', scope: 'environment:prod-1', reason: 'quarter end', owner: 'ops' };
    const file = write('held.json', { holds: [held] });
    const made = await json(file);
    expect(made.holds).toEqual([
      {
        id: 'freeze',
        scope: 'environment:prod-1',
        expires_at: null,
        bites: [{ environment: 'prod-1', from: '2026-01-05T13:00:00Z', to: null }],
      },
    ]);
    const { out } = await forecast(file);
    expect(out).toMatch(/^1\.1 +prod-2 +- +- +never: prod-1 is waiting: held by ops: quarter end/m);
    expect(out).toMatch(/^freeze +prod-1 +2026-01-05T13:00:00Z +45m +open$/m);
  });

  it('says what stacks a version reaches only, what is rejected, what is incomplete, and what no hold stops', async () => {
    const file = write('mixed.json', {
      artifacts: [{ version: '1.1' }, { version: '1.2', rejected: true }, { version: '1.3', complete_on: ['basalt'] }],
      holds: [
        {
          id: 'one-stack',
          scope: 'stack:ironstone',
          reason: 'repair',
          owner: 'ops',
          expires_at: '2026-01-05T15:45:00Z',
        },
        { id: 'idle', scope: 'environment:image', reason: 'repair', owner: 'ops' },
      ],
    });
    const { out } = await forecast(file);
    expect(out).toMatch(/^dev +2026-01-05T13:00:00Z +45m +promoted to 1\.1 on basalt only \(TookNewest\)$/m);
    expect(out).toMatch(/^1\.2 +dev +- +- +never: it is rejected$/m);
    expect(out).toMatch(/^1\.3 +dev +- +- +never: it is not complete on ironstone$/m);
    expect(out).toMatch(/^idle +- +- +- +nothing waits for it$/m);
  });

  it('looks as far as it is told, the command line before the file', async () => {
    const file = write('far.json', { horizon: '2h' });
    expect((await json(file)).until).toBe('2026-01-05T14:15:00Z');
    expect((await json(file, '--for', '1h')).until).toBe('2026-01-05T13:15:00Z');
    expect((await json(file, '--until', '2026-01-05T12:30:00Z')).until).toBe('2026-01-05T12:30:00Z');
    const { out } = await forecast(file);
    expect(out).toMatch(/^1\.1 +prod-2 +- +- +later: waiting: its next departure has not come$/m);
    expect(out).toMatch(/there is more to come after that$/m);
  });

  it('ends with 64 for an end that is none', async () => {
    const file = write('usage.json');
    for (const args of [
      ['--until', 'tomorrow'],
      ['--for', '0s'],
      ['--until', '2026-01-05T12:15:00Z'],
      ['--until', '2026-01-06T00:00:00Z', '--for', '1h'],
    ]) {
      const ended = await forecast(file, ...args);
      expect([ended.code, ended.out]).toEqual([64, '']);
      expect(ended.err).not.toBe('');
    }
  });

  it('ends with 65 for a file that it cannot use, and names the field', async () => {
    const ended = await forecast(write('bad.json', { pins: { 'prod-9': '1.0' } }));
    expect([ended.code, ended.out]).toEqual([65, '']);
    expect(ended.err).toMatch(
      /bad\.json: pins\.prod-9: expected one of dev, prod-1, prod-2, image, which the plan names, got "prod-9"/,
    );
    expect((await forecast(join(directory, 'missing.yaml'))).code).toBe(65);
  });
});
