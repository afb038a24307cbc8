import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it, test } from 'vitest';
import {
  isCookbookVersion,
  type MetadataFile,
  readCookbookMetadata,
  withCookbookVersion,
} from '../../src/domain/cookbook-metadata.ts';
import { nameFromLiteral, Version } from '../../src/domain/names.ts';

const STAMP = nameFromLiteral(Version)('20250728.1753666491.0');

describe('a cookbook version', () => {
  it.each(['1.0', '1.2.3', '0.0.0', '20250728.1753666491.0'])('%s is one', (text) => {
    expect(isCookbookVersion(text)).toBe(true);
  });
  it.each(['1', '1.2.3.4', '1.2.x', '1.2-3', ' 1.2', '1.2\n', ''])('%j is none', (text) => {
    expect(isCookbookVersion(text)).toBe(false);
  });
});

const GOOD: readonly (readonly [MetadataFile, string, string | undefined])[] = [
  ['metadata.json', '{"name":"apt","version":"7.5.23","depends":{}}', 'apt'],
  ['metadata.json', '{"version":"7.5.23"}', undefined],
  ['metadata.rb', "name 'apt'\nversion '7.5.23'\n", 'apt'],
  ['metadata.rb', 'name    "apt" # the name\n\tversion "7.5.23"\t# the version\r\n', 'apt'],
  ['metadata.rb', "name('apt')\nversion( '7.5.23' )", 'apt'],
  ['metadata.rb', "# version '1.0.0'\nversion '7.5.23'\nchef_version '>= 16'\n", undefined],
];

const BAD: readonly (readonly [MetadataFile, string, RegExp])[] = [
  ['metadata.json', 'name', /expected JSON/],
  ['metadata.json', '{"name":"apt"}', /^version: expected a cookbook version x\.y or x\.y\.z.*got nothing/],
  ['metadata.json', '{"version":"1"}', /^version: expected .*got "1"/],
  ['metadata.json', '{"name":"../apt","version":"1.0"}', /^name: expected/],
  ['metadata.rb', "name 'apt'", /^version: expected a line such as version '1\.2\.3', got 0; .*metadata\.json/],
  ['metadata.rb', "version IO.read('VERSION')", /^version: expected a line such as .*got another/],
  ['metadata.rb', 'version "#{MAJOR}.0"', /^version: expected a line such as .*got another/],
  ['metadata.rb', "version '1.0'\nversion '2.0'", /^version: expected a line such as .*got 2/],
  ['metadata.rb', "version '1'", /^version: expected .*got "1"/],
  ['metadata.rb', "name '../apt'\nversion '1.0'", /^name: expected .*got "\.\.\/apt"/],
];

describe('metadata', () => {
  it.each(GOOD)('%s %j is read', (file, text, name) => {
    expect(readCookbookMetadata(file, text)).toEqual(E.right({ name, version: '7.5.23' }));
  });

  it.each(BAD)('%s %j is refused, and the field named', (file, text, reason) => {
    const read = readCookbookMetadata(file, text);
    expect(E.isLeft(read) ? read.left : 'accepted').toMatch(reason);
  });

  it.each(GOOD)('%s %j takes another version, and keeps the rest', (file, text, name) => {
    const stamped = withCookbookVersion(file, text, STAMP);
    expect(readCookbookMetadata(file, stamped)).toEqual(E.right({ name, version: STAMP }));
    const plain = (json: string): string => (file === 'metadata.json' ? JSON.stringify(JSON.parse(json)) : json);
    expect(plain(stamped).replace(STAMP, '7.5.23')).toBe(plain(text));
  });
});

test('a version in a comment is not stamped', () => {
  const text = "# version '1.0.0'\nversion '7.5.23'\n";
  expect(withCookbookVersion('metadata.rb', text, STAMP)).toBe(`# version '1.0.0'\nversion '${STAMP}'\n`);
});
