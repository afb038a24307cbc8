/** Artifacts as an operator meets them: built, added, shown, and taken in by the service; real processes, real files. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_ARTIFACTS } from '../../src/adapters/contracts/index.ts';
import { tarballOf } from '../support/librarian-world.ts';
import { type Ended, MAIN, runSignalbox } from '../support/run-signalbox.ts';

let directory = '';
const at = (...path: readonly string[]): string => join(directory, ...path);

const signalbox = (...args: readonly string[]): Promise<Ended> =>
  runSignalbox(['--config', 'config.yaml', ...args], directory, { USER: 'tester' });

const jsonOf = ({ out }: Ended): Readonly<Record<string, unknown>> =>
  JSON.parse(out) as Readonly<Record<string, unknown>>;

const ORIGIN = ['--author', 'An Example <a@example.com>', '--commit', '3f2a9c1'];

const writeCookbooks = (recipe: string): void => {
  for (const [path, content] of [
    ['cookbooks/apt/metadata.rb', "name 'apt'\nversion '7.5.23'\n"],
    ['site-cookbooks/base/metadata.json', '{"name":"base","version":"1.0.0"}'],
    ['site-cookbooks/base/recipes/default.rb', recipe],
  ] as const) {
    mkdirSync(at('chef', path, '..'), { recursive: true });
    writeFileSync(at('chef', path), content);
  }
};

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-artifacts-'));
  mkdirSync(at('inbox'));
  writeFileSync(
    at('plan.yaml'),
    [
      'name: web',
      'stacks: [basalt, ironstone]',
      'stages: [{ name: latest, kind: latest, environments: [dev], every: 1m, grace: 1m }]',
    ].join('\n'),
  );
  writeFileSync(
    at('config.yaml'),
    [
      'plan: plan.yaml',
      'bus: bus',
      'state: state',
      'artifacts: artifacts',
      'chef_servers: { basalt: chef-1, ironstone: chef-2 }',
      'listen: 127.0.0.1:0',
      'watch: inbox',
      'watch_every: 1s',
    ].join('\n'),
  );
  writeCookbooks('log "first"\n');
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('artifact build', () => {
  it('makes an artifact that is added and shown, cookbook by cookbook', async () => {
    const built = jsonOf(
      await signalbox('artifact', 'build', 'chef', '--out', 'a.tar.gz', ...ORIGIN, '--version', '1.4.0', '--json'),
    );
    expect(built).toMatchObject({
      version: '1.4.0',
      file: 'a.tar.gz',
      local_changes: false,
      manifest: {
        base_version: '1.4.0',
        latest_commit_hash: '3f2a9c1',
        author: 'An Example <a@example.com>',
        cookbook_versions: { apt: '7.5.23' },
        site_cookbook_versions: { base: '1.0.0' },
      },
    });
    expect(await signalbox('artifact', 'add', 'a.tar.gz')).toMatchObject({ code: 0, err: '' });

    const shown = jsonOf(await signalbox('artifact', 'show', '1.4.0', '--json'));
    expect(shown).toMatchObject({
      version: '1.4.0',
      sha256: built['sha256'],
      size_bytes: built['size_bytes'],
      complete_on: ['basalt', 'ironstone'],
      missing_on: [],
      unknown_on: [],
      rejected: null,
      environments: [],
      manifest: built['manifest'],
    });
    expect(await signalbox('train', 'tick')).toMatchObject({ code: 0 });
    expect(await signalbox('artifact', 'reject', '1.4.0', '--reason', 'disks fill up')).toMatchObject({ code: 0 });
    const text = (await signalbox('artifact', 'show', '1.4.0')).out;
    expect(text).toMatch(/^version +1\.4\.0\ncommit +3f2a9c1 by An Example <a@example\.com>\n/);
    expect(text).toMatch(/^complete on +basalt, ironstone$/m);
    expect(text).toMatch(/^rejected +by tester at .*: disks fill up$/m);
    expect(text).toMatch(/^environments +dev \(basalt, ironstone\)$/m);
    expect(text).toMatch(/^cookbooks +apt 7\.5\.23\nsite cookbooks +base 1\.0\.0\n$/m);
    expect(await signalbox('artifact', 'show', '9.9.9')).toMatchObject({
      code: 1,
      err: 'signalbox: artifact 9.9.9: there is none; signalbox artifact list says which there are\n',
    });
  });

  it('takes its version from SOURCE_DATE_EPOCH and makes the same bytes again, the site cookbooks stamped', async () => {
    const build = (epoch: string) =>
      runSignalbox(['artifact', 'build', 'chef', '--out', 'b.tar.gz', ...ORIGIN, '--stamp-site', '--json'], directory, {
        SOURCE_DATE_EPOCH: epoch,
      });
    const first = await build('1753666491');
    expect(jsonOf(first)).toMatchObject({
      version: '20250728.1753666491.0',
      manifest: { site_cookbook_versions: { base: '20250728.1753666491.0' }, cookbook_versions: { apt: '7.5.23' } },
    });
    expect(await build('1753666491')).toEqual(first);
    expect((await build('1753666492')).out).not.toEqual(first.out);
    expect(await build('yesterday')).toMatchObject({
      code: 65,
      err: 'signalbox: SOURCE_DATE_EPOCH: expected seconds since 1970, got "yesterday"\n',
    });
  });

  it.each([
    [
      'outside of Git',
      ['chef', '--out', 'c.tar.gz'],
      65,
      /--author, --commit: expected a value, since Git does not know chef/,
    ],
    [
      'outside of Git, half known',
      ['chef', '--out', 'c.tar.gz', '--author', 'me'],
      65,
      /signalbox: --commit: expected/,
    ],
    ['of no cookbooks', ['inbox', '--out', 'c.tar.gz', ...ORIGIN], 65, /inbox: expected cookbooks in/],
    ['to nowhere', ['chef', '--out', 'missing/c.tar.gz', ...ORIGIN], 69, /write missing\/c\.tar\.gz: ENOENT/],
    ['under a version that is none', ['chef', '--out', 'c.tar.gz', '--version', '../x'], 64, /version name/],
    [
      'stamped with what is no cookbook version',
      ['chef', '--out', 'c.tar.gz', ...ORIGIN, '--version', 'v1', '--stamp-site'],
      65,
      /--version: expected x\.y\.z/,
    ],
    [
      'by an author of two lines',
      ['chef', '--out', 'c.tar.gz', '--author', 'a\nb', '--commit', 'c'],
      65,
      /author: expected/,
    ],
    ['of nothing', ['--out', 'c.tar.gz'], 64, /missing required argument/],
    ['to no file', ['chef'], 64, /--out/],
  ] as const)('%s exits with its code and says so', async (_what, args, code, err) => {
    const ended = await signalbox('artifact', 'build', ...args);
    expect(ended).toMatchObject({ code, out: '' });
    expect(ended.err).toMatch(err);
    expect(readdirSync(directory).filter((name) => name.includes('c.tar.gz'))).toEqual([]);
  });
});

describe('artifact add', () => {
  it.each([
    ['fault 70: half uploaded', () => tarballOf('2.0.1').subarray(0, 200), 65, /artifact: tarball: expected/],
    ['fault 70: corrupt', () => Buffer.from('<html></html>'), 65, /artifact: tarball: expected gzip/],
    [
      'fault 70: of a wrong checksum',
      () => {
        const tarball = Buffer.from(tarballOf('2.0.1'));
        tarball[tarball.length - 6] = (tarball[tarball.length - 6] ?? 0) ^ 1;
        return tarball;
      },
      65,
      /incorrect data check/,
    ],
    ['fault 70: a bomb', () => gzipSync(Buffer.alloc(50_000_000)), 65, /artifact: tarball: expected/],
    ...['a path with ".."', 'a symbolic link', 'a hard link'].map(
      (name) => [`fault 70: ${name}`, () => HOSTILE_ARTIFACTS[name]?.tarball ?? '', 65, /artifact: "/] as const,
    ),
  ] as const)('%s: is refused, and nothing is kept of it', async (_name, bytes, code, err) => {
    writeFileSync(at('bad.tar.gz'), bytes());
    const before = readdirSync(at('artifacts'));
    const ended = await signalbox('artifact', 'add', 'bad.tar.gz');
    expect(ended).toMatchObject({ code, out: '' });
    expect(ended.err).toMatch(err);
    expect(readdirSync(at('artifacts'))).toEqual(before);
  });

  it('fault 71: the same version with other bytes is refused, and the first stays', async () => {
    writeCookbooks('log "other bytes"\n');
    const built = ['artifact', 'build', 'chef', '--out', 'other.tar.gz', ...ORIGIN, '--version', '1.4.0'];
    expect(await signalbox(...built)).toMatchObject({ code: 0 });
    const before = jsonOf(await signalbox('artifact', 'show', '1.4.0', '--json'))['sha256'];
    const refused = await signalbox('artifact', 'add', 'other.tar.gz');
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/artifact 1\.4\.0 exists with checksum \w+, not \w+; an artifact is immutable/);
    expect(jsonOf(await signalbox('artifact', 'show', '1.4.0', '--json'))['sha256']).toBe(before);
  });
});

describe('the service and its inbox', () => {
  it('faults 70 and 71: takes in what is whole and good, refuses the rest once, and says both', async () => {
    const child = spawn(process.execPath, [MAIN, '--config', 'config.yaml', 'librarian'], {
      cwd: directory,
      env: { PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    let log = '';
    let heard = (): void => undefined;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      heard();
    });
    const entries = (message: string): readonly Readonly<Record<string, unknown>>[] =>
      log
        .split('\n')
        .filter((line) => line.includes(`"msg":"${message}"`))
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const logged = (message: string, count: number): Promise<void> =>
      new Promise((resolve) => {
        heard = () => {
          if (entries(message).length >= count) resolve();
        };
        heard();
      });

    const build = async (out: string, version: string): Promise<void> => {
      const origin = [...ORIGIN, '--version', version, '--stamp-site'];
      expect(await signalbox('artifact', 'build', 'chef', '--out', out, ...origin)).toMatchObject({ code: 0 });
    };
    await logged('listening', 1);
    await build('slow.tar.gz', '2.0.2');
    const whole = readFileSync(at('slow.tar.gz'));
    writeFileSync(at('inbox', 'slow.tar.gz'), whole.subarray(0, 100));
    writeFileSync(at('inbox', 'hostile.tar.gz'), HOSTILE_ARTIFACTS['a symbolic link']?.tarball ?? '');
    writeFileSync(at('inbox', 'other.tar.gz'), readFileSync(at('other.tar.gz')));
    await build('inbox/built.tar.gz', '2.0.1');
    await logged('artifact uploaded', 2);
    await logged('artifact refused', 3);

    writeFileSync(at('inbox', 'slow.part'), whole);
    renameSync(at('inbox', 'slow.part'), at('inbox', 'slow.tar.gz'));
    await logged('artifact uploaded', 4);

    expect(
      entries('artifact refused')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['hostile.tar.gz', 'other.tar.gz', 'slow.tar.gz']);
    const versions = JSON.parse((await signalbox('artifact', 'list', '--json')).out) as readonly object[];
    expect(versions).toMatchObject([
      { version: '2.0.2', complete_on: ['basalt', 'ironstone'] },
      { version: '2.0.1', complete_on: ['basalt', 'ironstone'] },
      { version: '1.4.0', complete_on: ['basalt', 'ironstone'] },
    ]);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    const trail = readdirSync(at('state', 'audit', 'web')).map((name) =>
      readFileSync(at('state', 'audit', 'web', name), 'utf8'),
    );
    expect(trail.filter((record) => record.includes('"what":"refuse artifact"'))).toHaveLength(3);
    expect(readdirSync(at('inbox')).sort()).toEqual(['built.tar.gz', 'hostile.tar.gz', 'other.tar.gz', 'slow.tar.gz']);
  });
});
