import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChefServerPlace } from '../../../src/apps/chef-servers/chef-server-place.ts';
import { openChefServers } from '../../../src/apps/chef-servers/main.ts';
import { configOfEnvironment, type LoadedConfig } from '../../../src/apps/cli/load.ts';
import { formatFailure } from '../../../src/apps/failure.ts';
import { decodeWith, formatFieldErrors } from '../../../src/domain/decoding.ts';
import { EnvironmentName, nameFromLiteral, StackName } from '../../../src/domain/names.ts';
import type { ChefServer } from '../../../src/ports/chef-server.ts';
import { CHEF_KEY } from '../../support/chef-keys.ts';
import { BASALT, fakeStack } from '../../support/chef-servers.ts';
import { runSignalbox } from '../../support/run-signalbox.ts';
import { tarballOf } from '../../support/librarian-world.ts';

const PROD_1 = nameFromLiteral(EnvironmentName)('prod-1');

let directory = '';
let keyFile = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'signalbox-chef-servers-'));
  keyFile = join(directory, 'librarian.pem');
  writeFileSync(keyFile, CHEF_KEY, { mode: 0o400 });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const URL_OF_NOBODY = 'https://chef.example.com/organizations/fleet';

const loaded = (place: unknown): LoadedConfig => {
  const config = configOfEnvironment({ SIGNALBOX_CHEF_SERVERS: JSON.stringify({ basalt: place }) });
  if (E.isLeft(config)) throw new Error(formatFailure(config.left));
  return config.right;
};

const opened = async (place: unknown): Promise<ChefServer> => {
  const servers = await openChefServers([BASALT], loaded(place), directory);
  if (E.isLeft(servers)) throw new Error(formatFailure(servers.left));
  const server = servers.right.get(BASALT);
  if (server === undefined) throw new Error('expected a server');
  return server;
};

const refusal = async (place: unknown): Promise<string> => {
  try {
    await opened(place);
    return 'nothing';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

describe('chef_servers', () => {
  it('a path is a chef-repo, as ever', async () => {
    const server = await opened(join(directory, 'chef-repo'));
    expect(await server.environment(PROD_1)).toEqual({ _tag: 'Missing' });
  });

  it.each(['1.1', '1.3'])('an object is a Chef Infra Server, asked with signatures of %s', async (sign) => {
    const { fake, close } = await fakeStack();
    const server = await opened({ url: fake.url, user: 'librarian', key: keyFile, sign, deadline: '5s' });
    expect(await server.environment(PROD_1)).toEqual({ _tag: 'Missing' });
    await close();
    expect(fake.requests.map(({ headers }) => headers['x-ops-sign'])).toEqual([
      expect.stringContaining(`version=${sign};`),
    ]);
  });

  it.each([
    [{}, /^chef_servers\.basalt\.url: expected text.*chef_servers\.basalt\.user: .*chef_servers\.basalt\.key: /],
    [7, /^chef_servers\.basalt: expected the path of a chef-repo directory, or \{url, user, key\}.*got 7/],
    ['https://chef.example.com', /^chef_servers\.basalt: expected the path of a chef-repo directory/],
    [{ url: 'x', user: 'x', key: 'x', token: 'x' }, /^chef_servers\.basalt\.token: expected no field of this name/],
    [
      { url: 'x', user: 'x', key: 'x', sign: '1.0' },
      /^chef_servers\.basalt\.sign: expected "1\.3" or "1\.1", got "1\.0"/,
    ],
    [{ url: 'x', user: 'x', key: 'x', deadline: '11m' }, /^chef_servers\.basalt\.deadline: .*1s to 10m/],
  ])('%j is refused', async (place, words) => {
    expect(await refusal(place)).toMatch(words);
  });

  it('what the adapter refuses is told with its field', async () => {
    const place = { user: 'librarian', key: keyFile };
    expect(await refusal({ ...place, url: 'http://chef.example.com/organizations/fleet' })).toMatch(
      /^chef_servers\.basalt\.url: expected https/,
    );
    expect(await refusal({ ...place, url: URL_OF_NOBODY, ca: keyFile })).toMatch(
      /^chef_servers\.basalt\.ca: expected cert/,
    );
  });

  it.each([
    '/srv/chef',
    { url: URL_OF_NOBODY, user: 'me', key: 'k.pem', ca: 'ca.pem', sign: '1.1', deadline: '1m30s' },
  ])('%j is written as it was read', (place) => {
    const read = decodeWith(ChefServerPlace)(place);
    if (E.isLeft(read)) throw new Error(formatFieldErrors(read.left));
    const written = ChefServerPlace.encode(read.right);
    expect(written).toEqual(typeof place === 'string' ? place : { ...place, check_dependencies: false });
    expect(ChefServerPlace.is(read.right)).toBe(true);
  });

  it('a stack of the plan that is not named is told', async () => {
    const servers = await openChefServers([nameFromLiteral(StackName)('ironstone')], loaded(directory), directory);
    expect(E.isLeft(servers) && formatFailure(servers.left)).toMatch(
      /^chef_servers\.ironstone: expected a chef-repo directory or a Chef Infra Server/,
    );
  });
});

describe('a key', () => {
  const place = () => ({ url: URL_OF_NOBODY, user: 'librarian', key: keyFile });

  it.each([0o400, 0o600, 0o440, 0o640])('of mode %o is taken', async (mode) => {
    chmodSync(keyFile, mode);
    expect(await refusal(place())).toBe('nothing');
  });

  it.each([0o444, 0o644, 0o660, 0o404, 0o402])(
    'of mode %o is refused, because others could read or change it',
    async (mode) => {
      chmodSync(keyFile, mode);
      expect(await refusal(place())).toBe(
        `chef_servers.basalt.key: ${keyFile}: expected a file that only its owner and group can read, got mode 0${mode.toString(8)}; chmod 0400 it`,
      );
    },
  );

  it('that is not there, too large or none is refused', async () => {
    expect(await refusal({ ...place(), key: join(directory, 'absent.pem') })).toMatch(
      /^chef_servers\.basalt\.key: ENOENT/,
    );
    expect(await refusal({ ...place(), ca: join(directory, 'absent.pem') })).toMatch(
      /^chef_servers\.basalt\.ca: ENOENT/,
    );
    chmodSync(keyFile, 0o600);
    writeFileSync(keyFile, 'x'.repeat(1_048_577));
    expect(await refusal(place())).toMatch(/expected at most 1048576 bytes, got 1048577$/);
    writeFileSync(keyFile, CHEF_KEY.slice(0, 500));
    const words = await refusal(place());
    expect(words).toMatch(/^chef_servers\.basalt\.key: expected an RSA private key of at least 2048 bits as PEM/);
    expect(words).not.toContain(CHEF_KEY.slice(40, 80));
  });

  it('in the place of its path is refused, and not repeated', async () => {
    const words = await refusal({ ...place(), key: CHEF_KEY });
    expect(words).toBe('chef_servers.basalt.key: expected the path of a file that holds the key, got "the key itself"');
  });
});

describe('the programs', () => {
  it('take an artifact to a Chef Infra Server, and promote it there', async () => {
    const { fake, close } = await fakeStack();
    writeFileSync(
      join(directory, 'plan.yaml'),
      'name: web\nstacks: [basalt]\nstages:\n  - { name: latest, kind: latest, environments: [dev], every: 1m, grace: 1m }\n',
    );
    writeFileSync(
      join(directory, 'config.yaml'),
      [
        'plan: plan.yaml',
        'bus: bus',
        'state: state',
        'artifacts: artifacts',
        `chef_servers: { basalt: { url: "${fake.url}", user: librarian, key: librarian.pem, check_dependencies: true } }`,
      ].join('\n'),
    );
    writeFileSync(join(directory, '1.0.1.tar.gz'), tarballOf('1.0.1'));
    const signalbox = (...args: readonly string[]) => runSignalbox(['--config', 'config.yaml', ...args], directory);
    expect(await signalbox('artifact', 'add', '1.0.1.tar.gz')).toMatchObject({ code: 0, err: '' });
    const ticked = await signalbox('train', 'tick');
    const text = fake.environmentText('dev') ?? '';
    await close();
    expect(ticked.out).toMatch(/^dev +Promoted +promoted to 1\.0\.1 on basalt/m);
    expect(JSON.parse(text)).toMatchObject({ cookbook_versions: { apt: '= 7.5.23' } });
  }, 120_000);
});
