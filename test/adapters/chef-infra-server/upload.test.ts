import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  artifactOf,
  entriesOf,
  exampleArtifact,
  type ExampleArtifact,
  exampleManifest,
  type RawEntry,
  streamed,
} from '../../../src/adapters/contracts/example-artifact.ts';
import type { Manifest } from '../../../src/domain/manifest.ts';
import type { ChefServer, UploadOutcome } from '../../../src/ports/chef-server.ts';
import { type FakeStack, fakeStack } from '../../support/chef-servers.ts';
import { chefError, type Interference } from '../../support/fake-chef-server.ts';

const V1 = exampleManifest('20250728.1753666491.0', { apt: '7.5' }, { site: '20250728.1753666491.0' });
const V2 = exampleManifest('20250728.1753670091.0', { apt: '7.5' }, { site: '20250728.1753670091.0' });

const COMPLETE: UploadOutcome = { _tag: 'Complete' };

let stack: FakeStack;

beforeEach(async () => {
  stack = await fakeStack();
});

afterEach(() => stack.close());

const upload = (server: ChefServer, { record, tarball }: ExampleArtifact): Promise<UploadOutcome> =>
  server.upload(record, streamed(tarball));

const detailOf = (outcome: UploadOutcome): string => ('detail' in outcome ? outcome.detail : outcome._tag);

const withFiles = (manifest: Manifest, ...files: readonly RawEntry[]): ExampleArtifact =>
  artifactOf(manifest, [...entriesOf(manifest), ...files]);

const requestsTo = (path: RegExp): readonly string[] =>
  stack.fake.requests.filter(({ url }) => path.test(url)).map(({ method, url }) => `${method} ${url}`);

const isComplete = async (server: ChefServer = stack.server): Promise<readonly string[]> => {
  const listed = await server.completeArtifacts();
  return listed._tag === 'Listed' ? [...listed.sha256ByVersion.keys()] : [listed.detail];
};

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** Answers in the server's stead where `when` holds. */
const where =
  (when: (exchange: Parameters<Interference>[0]) => boolean, then: Interference): Interference =>
  (exchange) =>
    when(exchange) ? then(exchange) : exchange.send(exchange.perform());

describe('an upload', () => {
  test('freezes each cookbook, with metadata and all of its files', async () => {
    const files = [
      { path: 'cookbooks/apt/files/unscoped', content: 'a' },
      { path: 'cookbooks/apt/files/ubuntu/scoped', content: 'b' },
      { path: 'cookbooks/apt/templates/default/x.erb', content: 'c' },
      { path: 'cookbooks/apt/compliance/profiles/p/inspec.yml', content: 'd' },
    ];
    expect(await upload(stack.server, withFiles(V1, ...files))).toEqual(COMPLETE);
    const metadata = md5("name 'apt'\nversion '7.5'\n");
    expect(stack.fake.cookbook('apt', '7.5.0')).toEqual({
      name: 'apt-7.5.0',
      cookbook_name: 'apt',
      version: '7.5.0',
      chef_type: 'cookbook_version',
      json_class: 'Chef::CookbookVersion',
      'frozen?': true,
      metadata: { name: 'apt', version: '7.5.0', dependencies: {} },
      all_files: [
        { name: 'root_files/metadata.rb', path: 'metadata.rb', checksum: metadata, specificity: 'default' },
        {
          name: 'recipes/default.rb',
          path: 'recipes/default.rb',
          checksum: md5('log "hello"\n'),
          specificity: 'default',
        },
        { name: 'files/unscoped', path: 'files/unscoped', checksum: md5('a'), specificity: 'root_default' },
        { name: 'files/scoped', path: 'files/ubuntu/scoped', checksum: md5('b'), specificity: 'ubuntu' },
        { name: 'templates/x.erb', path: 'templates/default/x.erb', checksum: md5('c'), specificity: 'default' },
        {
          name: 'compliance/inspec.yml',
          path: 'compliance/profiles/p/inspec.yml',
          checksum: md5('d'),
          specificity: 'default',
        },
      ],
    });
    expect(stack.fake.files.get(md5('d'))?.toString()).toBe('d');
  });

  test('to an old server loses no file that has no place of its own there', async () => {
    const old = await fakeStack({}, { apiVersionMax: 1 });
    const artifact = withFiles(V1, { path: 'cookbooks/apt/compliance/p.yml', content: 'd' });
    expect(await upload(old.server, artifact)).toEqual(COMPLETE);
    const document = old.fake.cookbook('apt', '7.5.0');
    await old.close();
    expect(document).toMatchObject({
      recipes: [{ name: 'default.rb', path: 'recipes/default.rb' }],
      root_files: [
        { name: 'metadata.rb', path: 'metadata.rb' },
        { name: 'compliance/p.yml', path: 'compliance/p.yml' },
      ],
      libraries: [],
    });
  });

  test('sends only what is missing, each content once', async () => {
    await upload(stack.server, exampleArtifact(V1));
    // Both recipes are one content.
    expect(requestsTo(/^\/bookshelf/)).toHaveLength(3);
    stack.fake.requests.length = 0;
    expect(await upload(stack.server, exampleArtifact(V2))).toEqual(COMPLETE);
    expect(requestsTo(/^\/bookshelf/)).toHaveLength(1);
    expect(requestsTo(/cookbooks\//).filter((request) => request.startsWith('PUT'))).toEqual([
      'PUT /organizations/fleet/cookbooks/site/20250728.1753670091.0',
    ]);
  });

  test('tells how far it is, what was there before counted in', async () => {
    await upload(stack.server, exampleArtifact(V1));
    const { record, tarball } = withFiles(V2, { path: 'cookbooks/apt/README.md', content: 'new' });
    const told: (readonly [number, number])[] = [];
    stack.fake.removeCookbook('apt', '7.5.0');
    await stack.server.upload(record, streamed(tarball), ({ done, total }) => told.push([done, total]));
    // The recipe, the two metadata files and the new file, all of them in cookbooks that are missing.
    expect(told).toEqual([0, 1, 2, 3, 4].map((done) => [done, 4]));
    told.length = 0;
    await stack.server.upload(record, streamed(tarball), ({ done, total }) => told.push([done, total]));
    expect(told).toEqual([[4, 4]]);
  });

  test('sends about ten files at a time', async () => {
    const many = [...Array(60).keys()].map((n) => ({ path: `cookbooks/apt/files/f${n}`, content: `content ${n}` }));
    let [underWay, most] = [0, 0];
    stack.fake.interfere(
      where(
        ({ seen }) => seen.url.startsWith('/bookshelf'),
        ({ perform, send }) => {
          most = Math.max(most, ++underWay);
          setImmediate(() => {
            underWay--;
            send(perform());
          });
        },
      ),
    );
    expect(await upload(stack.server, withFiles(V1, ...many))).toEqual(COMPLETE);
    expect(stack.fake.mostAtOnce()).toBeGreaterThan(2);
    expect(stack.fake.mostAtOnce()).toBeLessThanOrEqual(10);
    expect(most).toBeLessThanOrEqual(10);
  });

  test('opens a further sandbox before the addresses of the first are too old', async () => {
    const many = [...Array(1_001).keys()].map((n) => ({ path: `cookbooks/apt/files/f${n}`, content: `content ${n}` }));
    expect(await upload(stack.server, withFiles(V1, ...many))).toEqual(COMPLETE);
    expect(requestsTo(/sandboxes$/)).toHaveLength(2);
    expect(requestsTo(/^\/bookshelf/)).toHaveLength(1_004);
  });

  test('does not sign what it puts where the server said, and tells nobody of the address', async () => {
    stack.fake.interfere(
      where(
        ({ seen }) => seen.url.startsWith('/bookshelf'),
        ({ send }) => send({ status: 403, headers: {}, body: '<Code>SignatureDoesNotMatch</Code>' }),
      ),
    );
    const detail = detailOf(await upload(stack.server, exampleArtifact(V1)));
    expect(detail).toMatch(
      /^PUT http:\/\/127.*\/bookshelf\/.*checksum-[0-9a-f]{32}: got status 403: .*SignatureDoesNotMatch/,
    );
    expect(detail).not.toContain('secret');
    const put = stack.fake.requests.find(({ url }) => url.startsWith('/bookshelf'));
    expect(Object.keys(put?.headers ?? {}).filter((name) => name.startsWith('x-ops'))).toEqual([]);
  });

  test.each(['', 'bookshelf/1', 'ftp://example.com/1', 'http://[', 'file:///etc/passwd'])(
    'goes to no address such as %j',
    async (url) => {
      stack.fake.interfere(
        where(
          ({ seen }) => seen.url.endsWith('/sandboxes'),
          ({ seen, send }) => {
            const { checksums } = JSON.parse(seen.body.toString()) as { readonly checksums: object };
            const places = Object.keys(checksums).map((sum): readonly [string, object] => [
              sum,
              { needs_upload: true, url },
            ]);
            const body = JSON.stringify({ sandbox_id: 'abc', checksums: Object.fromEntries(places) });
            send({ status: 201, headers: { 'content-type': 'application/json' }, body });
          },
        ),
      );
      expect(detailOf(await upload(stack.server, exampleArtifact(V1)))).toMatch(
        /expected the server to name an address with http:/,
      );
    },
  );

  test.each([
    ['{"sandbox_id": "../environments/prod", "checksums": {}}', /sandbox_id: expected letters and digits/],
    ['{"sandbox_id": "abc", "checksums": {}}', /checksums\.[0-9a-f]{32}: expected needs_upload, got nothing/],
    ['{"checksums": {}}', /sandbox: sandbox_id: expected string, got nothing/],
  ])('is not led astray by the sandbox %s', async (body, words) => {
    stack.fake.interfere(
      where(
        ({ seen }) => seen.url.endsWith('/sandboxes'),
        ({ send }) => send({ status: 201, headers: { 'content-type': 'application/json' }, body }),
      ),
    );
    expect(detailOf(await upload(stack.server, exampleArtifact(V1)))).toMatch(words);
  });

  test('leaves nothing on this machine, whatever came of it', async () => {
    await upload(stack.server, exampleArtifact(V1));
    stack.fake.interfere(({ response }) => void response.destroy());
    await upload(stack.server, exampleArtifact(V2));
    expect(await readdir(stack.directory)).toEqual([]);
  });

  test('fault 39: that cannot be unpacked here is unavailable, and can be done again', async () => {
    const directory = join(stack.directory, 'spool');
    await writeFile(directory, 'a file');
    const server = stack.another({ directory: join(directory, 'below') });
    expect(detailOf(await upload(server, exampleArtifact(V1)))).toMatch(/ENOTDIR/);
    expect(
      await upload(stack.another({ directory: join(stack.directory, 'other', 'deep') }), exampleArtifact(V1)),
    ).toEqual(COMPLETE);
  });

  test('fault 41: clears what a process that died has left', async () => {
    await mkdir(join(stack.directory, '.upload.00000000-00000000-1-1.0123456789abcdef.tmp'));
    await upload(stack.server, exampleArtifact(V1));
    expect(await readdir(stack.directory)).toEqual([]);
  });

  test('fault 70: a bomb is refused', async () => {
    const server = stack.another({ limits: { entriesMax: 3, unpackedBytesMax: 1_000_000 } });
    expect(await upload(server, exampleArtifact(V1))).toEqual({
      _tag: 'BadArtifact',
      detail: 'tarball: expected at most 3 entries, got more',
    });
  });
});

describe('a file store that lags', () => {
  const lagging =
    (commits: number, status: number): Interference =>
    (exchange) =>
      exchange.seen.method === 'PUT' && exchange.seen.url.includes('/sandboxes/') && commits-- > 0
        ? exchange.send(chefError(status, 'the following checksums have not been uploaded: …'))
        : exchange.send(exchange.perform());

  test.each([400, 503])('is asked again when it answers %i, up to five times', async (status) => {
    stack.fake.interfere(lagging(4, status));
    expect(await upload(stack.server, exampleArtifact(V1))).toEqual(COMPLETE);
    expect(requestsTo(/sandboxes\//)).toHaveLength(5);
  });

  test.each([400, 503])('that never sees what it was given, with %i, is unavailable', async (status) => {
    stack.fake.interfere(lagging(Infinity, status));
    expect(detailOf(await upload(stack.server, exampleArtifact(V1)))).toMatch(/have not been uploaded/);
    expect(requestsTo(/sandboxes\//)).toHaveLength(5);
    expect(await isComplete()).toEqual([]);
  });

  test('that commits, and whose answer is lost, is believed', async () => {
    let lost = false;
    stack.fake.interfere(
      where(
        ({ seen }) => !lost && seen.url.includes('/sandboxes/'),
        ({ perform, response }) => {
          lost = true;
          perform();
          response.destroy();
        },
      ),
    );
    expect(await upload(stack.server, exampleArtifact(V1))).toEqual(COMPLETE);
    expect(requestsTo(/sandboxes\//)).toHaveLength(2);
  });

  test('that refuses a file before it was sent is heard', async () => {
    const refusing = createServer((_request, response) => {
      response.writeHead(413, { connection: 'close' });
      response.end('EntityTooLarge');
    });
    await once(refusing.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/`;
    stack.fake.interfere(
      where(
        ({ seen }) => seen.url.endsWith('/sandboxes'),
        ({ seen, send }) => {
          const { checksums } = JSON.parse(seen.body.toString()) as { readonly checksums: object };
          const places = Object.keys(checksums).map((sum): readonly [string, object] => [
            sum,
            { needs_upload: true, url },
          ]);
          const body = JSON.stringify({ sandbox_id: 'abc', checksums: Object.fromEntries(places) });
          send({ status: 201, headers: { 'content-type': 'application/json' }, body });
        },
      ),
    );
    const large = { path: 'cookbooks/apt/files/large', content: Buffer.alloc(20_000_000, 'x') };
    const manifest = exampleManifest('1.0.0', { apt: '7.5' });
    const detail = detailOf(await upload(stack.server, withFiles(manifest, large)));
    refusing.closeAllConnections();
    refusing.close();
    expect(detail).toMatch(/got status 413: EntityTooLarge$/);
  });

  test('that drops a request now and then does not spoil the others', async () => {
    let n = 0;
    stack.fake.interfere(
      where(
        ({ seen }) => seen.url.startsWith('/bookshelf') && n++ % 2 === 0,
        ({ response }) => void response.destroy(),
      ),
    );
    expect(await upload(stack.server, exampleArtifact(V1))).toEqual(COMPLETE);
  });
});

describe('a server that lies', () => {
  test.each([
    [
      'about files',
      (method: string, url: string) => method === 'PUT' && url.startsWith('/bookshelf'),
      /not been uploaded/,
    ],
    [
      'about cookbooks',
      (method: string, url: string) => method === 'PUT' && url.includes('/cookbooks/'),
      /took cookbook apt 7\.5\.0, and does not have it/,
    ],
    [
      'about data bags',
      (method: string, url: string) => method === 'POST' && url.includes('/data'),
      /took the mark of .*, and does not have it/,
    ],
    [
      'about the last mark',
      (method: string, url: string, body: string) =>
        method === 'POST' && url.includes('/data/') && body.includes('complete_'),
      /took the mark of .*, and does not have it/,
    ],
  ])('%s is found out', async (_what, isLie, words) => {
    stack.fake.interfere(
      where(
        ({ seen }) => isLie(seen.method, seen.url, seen.body.toString()),
        ({ send }) => send({ status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }),
      ),
    );
    const outcome = await upload(stack.server, exampleArtifact(V1));
    expect(outcome._tag).toBe('Unavailable');
    expect(detailOf(outcome)).toMatch(words);
    stack.fake.interfere();
    expect(await isComplete()).toEqual([]);
    expect(await upload(stack.server, exampleArtifact(V1))).toEqual(COMPLETE);
  });
});

describe('L7, fault 71: a cookbook that is there', () => {
  const site = (changes: object = {}): void => {
    const document = stack.fake.cookbook('apt', '7.5.0') ?? {};
    stack.fake.removeCookbook('apt', '7.5.0');
    stack.fake.plantCookbook('apt', '7.5.0', { ...document, ...changes });
  };

  test('with the same bytes and not frozen is frozen', async () => {
    await upload(stack.server, exampleArtifact(V1));
    site({ 'frozen?': false });
    expect(await upload(stack.server, exampleArtifact(V2))).toEqual(COMPLETE);
    expect(stack.fake.cookbook('apt', '7.5.0')).toMatchObject({ 'frozen?': true });
  });

  test('with other bytes stays as it is, frozen or not', async () => {
    await upload(stack.server, exampleArtifact(V1));
    for (const frozen of [true, false]) {
      site({ 'frozen?': frozen, all_files: [] });
      expect(await upload(stack.server, exampleArtifact(V2))).toEqual({ _tag: 'DifferentBytes', cookbook: 'apt' });
      expect(stack.fake.cookbook('apt', '7.5.0')).toMatchObject({ all_files: [] });
    }
  });

  test.each([
    ['the same bytes', 'log "hello"', COMPLETE],
    ['other bytes', 'log "other"', { _tag: 'DifferentBytes', cookbook: 'apt' }],
  ])('since an instant, with %s, decides', async (_what, recipe, outcome) => {
    const rival = await fakeStack();
    await upload(rival.server, exampleArtifact(V1, recipe));
    const document = rival.fake.cookbook('apt', '7.5.0') ?? {};
    await rival.close();
    let raced = false;
    stack.fake.interfere(
      where(
        ({ seen }) => !raced && seen.method === 'PUT' && seen.url.includes('/cookbooks/apt/'),
        ({ perform, send }) => {
          raced = true;
          stack.fake.plantCookbook('apt', '7.5.0', document);
          send(perform());
        },
      ),
    );
    expect(await upload(stack.server, exampleArtifact(V1))).toEqual(outcome);
    expect(raced).toBe(true);
  });

  test('that somebody removed is put back by another upload', async () => {
    await upload(stack.server, exampleArtifact(V1));
    stack.fake.removeCookbook('apt', '7.5.0');
    expect(await upload(stack.server, exampleArtifact(V1))).toEqual(COMPLETE);
    expect(stack.fake.cookbook('apt', '7.5.0')).toMatchObject({ 'frozen?': true });
  });

  test.each([
    ['no object', []],
    ['files that are none', { all_files: {} }],
    ['a file without a checksum', { all_files: [{ path: 'metadata.rb' }] }],
  ])('and is %s is not understood', async (_what, document) => {
    stack.fake.interfere(
      where(
        ({ seen }) => seen.url.includes('/cookbooks/'),
        ({ send }) =>
          send({ status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(document) }),
      ),
    );
    expect(detailOf(await upload(stack.server, exampleArtifact(V1)))).toMatch(/expected a cookbook with its files/);
  });

  test('the fleet’s own takes the place of one from elsewhere of the same name and version', async () => {
    const manifest = exampleManifest('1.0.0', { apt: '7.5' }, { apt: '7.5.0' });
    const entries = entriesOf(manifest).map((entry) =>
      entry.path === 'site-cookbooks/apt/recipes/default.rb' ? { ...entry, content: 'log "own"' } : entry,
    );
    expect(await upload(stack.server, artifactOf(manifest, entries))).toEqual(COMPLETE);
    expect(JSON.stringify(stack.fake.cookbook('apt', '7.5.0'))).toContain(md5('log "own"'));
  });
});

describe('what is complete', () => {
  const plus = exampleManifest('1.0.0+build.7', { apt: '7.5.23' });

  test('is told by one request, for any version', async () => {
    await upload(stack.server, exampleArtifact(V1));
    await upload(stack.server, exampleArtifact(plus));
    stack.fake.requests.length = 0;
    expect(await isComplete()).toEqual([V1.baseVersion, plus.baseVersion]);
    expect(stack.fake.requests).toHaveLength(1);
    expect([...(stack.fake.dataBags.get('signalbox_artifacts')?.keys() ?? [])]).toEqual([
      `artifact_${V1.baseVersion}`,
      `complete_${V1.baseVersion}_${exampleArtifact(V1).record.sha256}`,
      'artifact_1.0.0:build.7',
      `complete_1.0.0:build.7_${exampleArtifact(plus).record.sha256}`,
    ]);
  });

  test('says which cookbooks', async () => {
    await upload(stack.server, exampleArtifact(V1));
    const item = stack.fake.dataBags.get('signalbox_artifacts')?.get(`artifact_${V1.baseVersion}`) ?? '';
    expect(JSON.parse(item)).toEqual({
      id: `artifact_${V1.baseVersion}`,
      version: V1.baseVersion,
      sha256: exampleArtifact(V1).record.sha256,
      cookbooks: { apt: '7.5.0', site: '20250728.1753666491.0' },
    });
  });

  test('is only what bears the last mark', async () => {
    await upload(stack.server, exampleArtifact(V1));
    stack.fake.dataBags
      .get('signalbox_artifacts')
      ?.delete(`complete_${V1.baseVersion}_${exampleArtifact(V1).record.sha256}`);
    expect(await isComplete()).toEqual([]);
    expect(await upload(stack.server, exampleArtifact(V1))).toEqual(COMPLETE);
    expect(await isComplete()).toEqual([V1.baseVersion]);
  });

  test('L7: of two who upload other bytes under one version at once, one succeeds', async () => {
    const bare = exampleManifest('1.0.0', {});
    const [one, other] = [exampleArtifact(bare), exampleArtifact({ ...bare, author: 'Somebody Else' })];
    const outcomes = await Promise.all([upload(stack.server, one), upload(stack.another(), other)]);
    expect(outcomes.map(({ _tag }) => _tag).sort()).toEqual(['Complete', 'DifferentBytes']);
    expect(await isComplete()).toEqual(['1.0.0']);
  });

  test.each([
    ['{"id": "artifact_1.0.0"}', /artifact_1\.0\.0: version: expected .*; remove it by hand$/],
    [`{"version": "2.0.0", "sha256": "${'0'.repeat(64)}"}`, /version: expected 1\.0\.0, got 2\.0\.0$/],
  ])('fault 72: is not guessed from a damaged mark such as %s', async (item, words) => {
    const manifest = exampleManifest('1.0.0', { apt: '7.5.23' });
    await upload(stack.server, exampleArtifact(manifest));
    stack.fake.dataBags.get('signalbox_artifacts')?.set('artifact_1.0.0', item);
    expect(detailOf(await upload(stack.server, exampleArtifact(manifest)))).toMatch(words);
  });

  test('is not told by a list that is none', async () => {
    stack.fake.interfere(({ send }) =>
      send({ status: 200, headers: { 'content-type': 'application/json' }, body: '["x"]' }),
    );
    expect(await isComplete()).toEqual([expect.stringMatching(/expected an object of items, got something else$/)]);
  });
});
