import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { readMetadata } from '../../../src/adapters/chef-infra-server/cookbook-metadata.ts';
import { artifactOf, entriesOf, exampleManifest, streamed } from '../../../src/adapters/contracts/example-artifact.ts';
import { CookbookName, nameFromLiteral, Version } from '../../../src/domain/names.ts';
import { fakeStack } from '../../support/chef-servers.ts';

const WEB = { name: nameFromLiteral(CookbookName)('web'), version: nameFromLiteral(Version)('1.2.3') };

const refusal = (file: 'metadata.json' | 'metadata.rb', text: string): string => {
  const read = readMetadata(file, WEB, text);
  return E.isLeft(read) ? read.left : 'nothing';
};

describe('metadata.json', () => {
  test('is kept whole, with the name and version that the artifact lists', () => {
    const text =
      '{"name": "web", "version": "0.0.0", "dependencies": {"apt": "~> 7.0"}, "license": "MIT", "gems": [["x"]]}';
    expect(readMetadata('metadata.json', WEB, text)).toEqual(
      E.right({ ...WEB, dependencies: { apt: '~> 7.0' }, license: 'MIT', gems: [['x']] }),
    );
    expect(readMetadata('metadata.json', WEB, '{}')).toEqual(E.right({ ...WEB, dependencies: {} }));
  });

  test.each([
    ['{', 'expected JSON, got something else'],
    ['[]', 'expected an object, got a list of 0'],
    ['{"name": "other"}', 'name: expected web, as the artifact lists it, got "other"'],
    [
      '{"dependencies": {"apt": 7}}',
      'dependencies: expected an object of cookbook names and constraints, got an object',
    ],
  ])('%s is refused', (text, words) => {
    expect(refusal('metadata.json', text)).toBe(words);
  });
});

describe('metadata.rb', () => {
  test('is read where it is literal', () => {
    const text = [
      '# depends "commented"',
      "name 'web' # depends 'nothing'",
      'maintainer "it depends on whom"',
      "version IO.read('VERSION')",
      "depends 'apt'",
      '  depends("nginx", "~> 12.0")',
      "depends 'yum', '>= 1.0' # why",
      '%w[ubuntu debian].each { |os| supports os }',
    ].join('\r\n');
    expect(readMetadata('metadata.rb', WEB, text)).toEqual(
      E.right({ ...WEB, dependencies: { apt: '>= 0.0.0', nginx: '~> 12.0', yum: '>= 1.0' } }),
    );
  });

  test.each([
    '%w[apt yum].each { |cookbook| depends cookbook }',
    'depends "apt-#{os}"',
    "depends 'apt', VERSION",
    "depends 'apt' if windows?",
    "depends 'apt', '> 1.0', '< 2.0'",
    "depends\n  'apt'",
  ])('%j is refused rather than lost', (line) => {
    expect(refusal('metadata.rb', `name 'web'\n${line}\n`)).toMatch(
      /^depends: expected lines such as depends 'apt', '~> 7\.5', got 1 others, which only Ruby can read; add a metadata\.json/,
    );
  });

  test('of another cookbook is refused', () => {
    expect(refusal('metadata.rb', 'name "other"')).toBe('name: expected web, as the artifact lists it, got "other"');
  });
});

describe('an artifact', () => {
  const manifest = exampleManifest('1.0.0', { web: '1.2.3' });
  const uploadWith = async (...files: readonly { readonly path: string; readonly content: string | Uint8Array }[]) => {
    const { fake, server, close } = await fakeStack();
    const entries = entriesOf(manifest).filter(({ path }) => !path.endsWith('metadata.rb'));
    const { record, tarball } = artifactOf(manifest, [...entries, ...files]);
    const outcome = await server.upload(record, streamed(tarball));
    await close();
    return { outcome, metadata: fake.cookbook('web', '1.2.3')?.['metadata'] };
  };

  test('is read by metadata.json where both are there', async () => {
    const { metadata } = await uploadWith(
      { path: 'cookbooks/web/metadata.rb', content: "depends 'apt'" },
      { path: 'cookbooks/web/metadata.json', content: '{"description": "The web"}' },
    );
    expect(metadata).toEqual({ ...WEB, dependencies: {}, description: 'The web' });
  });

  test.each([
    ['neither', [], 'cookbooks/web: expected a metadata.json or a metadata.rb, got neither'],
    [
      'one that cannot be read',
      [{ path: 'cookbooks/web/metadata.json', content: '[]' }],
      'cookbooks/web/metadata.json: expected an object, got a list of 0',
    ],
    [
      'one that is not UTF-8',
      [{ path: 'cookbooks/web/metadata.rb', content: Buffer.from([0xff]) }],
      'cookbooks/web/metadata.rb: expected UTF-8 of at most 1048576 bytes, got something else',
    ],
    [
      'one that is too large',
      [{ path: 'cookbooks/web/metadata.rb', content: ' '.repeat(1_048_577) }],
      'cookbooks/web/metadata.rb: expected UTF-8 of at most 1048576 bytes, got something else',
    ],
  ])('with %s is refused', async (_what, files, detail) => {
    expect((await uploadWith(...files)).outcome).toEqual({ _tag: 'BadArtifact', detail });
  });
});
