import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it, test } from 'vitest';
import { decodeWith, formatFieldErrors } from '../../src/domain/decoding.ts';
import { allCookbooks, COOKBOOKS_MAX, CookbookVersions, Manifest, ManifestWire } from '../../src/domain/manifest.ts';
import { CookbookName, Version } from '../../src/domain/names.ts';
import * as arb from '../support/arbitraries.ts';
import { property } from '../support/property.ts';

const EXAMPLE = {
  base_version: '20250728.1753666491.0',
  latest_commit_hash: 'c0ffee',
  author: 'Ada <ada@example.com>',
  cookbook_versions: { apt: '7.5.23' },
  site_cookbook_versions: { squid: '20250728.1753666491.0' },
};

/** The one line that a refused manifest is told in; fails when it is accepted. */
const refusal = (json: unknown): string => {
  const result = decodeWith(Manifest)(json);
  if (E.isRight(result)) throw new Error('expected a refusal, got a manifest');
  return formatFieldErrors(result.left);
};

describe('a manifest', () => {
  property('S1: is read as it was written', [arb.manifest], (manifest) => {
    const json: unknown = JSON.parse(JSON.stringify(Manifest.encode(manifest)));
    expect(Manifest.decode(json)).toStrictEqual(E.right(manifest));
    expect(Manifest.is(manifest)).toBe(true);
    expect(ManifestWire.is(json)).toBe(true);
    expect(Manifest.is(json)).toBe(false);
  });

  property('S2: is decoded from any JSON or refused, and its guard agrees', [arb.jsonValue], (json) => {
    expect(E.isRight(ManifestWire.decode(json))).toBe(ManifestWire.is(json));
    expect(E.isRight(Manifest.decode(json))).toBe(ManifestWire.is(json));
    expect(E.isRight(CookbookVersions.decode(json))).toBe(CookbookVersions.is(json));
  });

  const fewVersions = fc.constantFrom<unknown>('7.5.23', '1.0.0', '..', '', null, 7);
  property(
    'S2: a map of cookbooks is accepted exactly when each of its entries is valid',
    [fc.array(fc.tuple(arb.cookbookName, fewVersions), { maxLength: 6 })],
    (entries) => {
      const cookbooks = Object.fromEntries(entries);
      expect(CookbookVersions.is(cookbooks)).toBe(Object.values(cookbooks).every(Version.is));
    },
    { numRuns: 500 },
  );

  property('S2: the guard refuses a manifest with any faulty field', [arb.manifest], (manifest) => {
    for (const field of Object.keys(manifest)) {
      for (const value of [undefined, null, 7, 'a\nb', ['1.0.0']])
        expect(Manifest.is({ ...manifest, [field]: value })).toBe(false);
    }
  });

  test('fault 11: unknown fields are ignored', () => {
    expect(Manifest.decode({ ...EXAMPLE, further: [1] })).toStrictEqual(Manifest.decode(EXAMPLE));
  });

  it.each(Object.keys(EXAMPLE))('fault 12: %s missing or null is refused by name', (field) => {
    const without = Object.fromEntries(Object.entries(EXAMPLE).filter(([key]) => key !== field));
    expect(refusal(without)).toMatch(new RegExp(`^${field}: expected .*, got nothing$`));
    expect(refusal({ ...EXAMPLE, [field]: null })).toMatch(new RegExp(`^${field}: expected .*, got null$`));
  });

  it.each([
    ['a version that is a number', { apt: 7.5 }, 'cookbook_versions.apt: expected a version name'],
    ['a version that is a constraint', { apt: '= 7.5.23' }, 'cookbook_versions.apt: expected a version name'],
    ['a version that is a path', { apt: '../7' }, 'cookbook_versions.apt: expected a version name'],
    ['a version that is missing', { apt: undefined }, 'cookbook_versions.apt: expected a version name'],
    ['a name that is a path', { '../apt': '1.0.0' }, 'cookbook_versions."../apt": expected a cookbook name'],
    ['an empty name', { '': '1.0.0' }, 'cookbook_versions."": expected a cookbook name'],
    ['a name with a line break', { 'a\nb': '1.0.0' }, 'cookbook_versions."a\\nb": expected a cookbook name'],
    ['a list', ['apt'], 'cookbook_versions: expected an object of cookbook versions, got a list of 1'],
  ])('S2: %s is refused, naming the cookbook', (_what, cookbooks, message) => {
    expect(refusal({ ...EXAMPLE, cookbook_versions: cookbooks })).toContain(message);
  });

  test('fault 19: __proto__ as a cookbook name is refused and changes no object', () => {
    const cookbooks: unknown = JSON.parse('{"__proto__":"1.0.0","apt":"7.5.23"}');
    expect(refusal({ ...EXAMPLE, cookbook_versions: cookbooks })).toMatch(
      /^cookbook_versions\.__proto__: expected a cookbook name: .*, got "__proto__"$/,
    );
    const polluting: unknown = JSON.parse('{"__proto__":{"polluted":"1.0.0"}}');
    expect(refusal({ ...EXAMPLE, site_cookbook_versions: polluting })).toContain('site_cookbook_versions.__proto__');
    expect('polluted' in {}).toBe(false);
  });

  test('fault 19: a cookbook may be called constructor, and is not mistaken for what every object has', () => {
    const decoded = Manifest.decode({ ...EXAMPLE, cookbook_versions: { constructor: '1.0.0' } });
    expect(E.isRight(decoded) && Object.entries(decoded.right.cookbookVersions)).toEqual([['constructor', '1.0.0']]);
    expect(refusal({ ...EXAMPLE, cookbook_versions: { constructor: 1 } })).toContain('cookbook_versions.constructor');
  });

  test('fault 30: as many cookbooks as are allowed are read, one more is refused', () => {
    const cookbooks = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`cookbook-${i}`, `1.0.${i}`]));
    expect(CookbookVersions.is(cookbooks(COOKBOOKS_MAX))).toBe(true);
    expect(refusal({ ...EXAMPLE, cookbook_versions: cookbooks(COOKBOOKS_MAX + 1) })).toBe(
      `cookbook_versions: expected at most ${COOKBOOKS_MAX} cookbooks, got "${COOKBOOKS_MAX + 1} cookbooks"`,
    );
  });
});

describe('the cookbooks of an artifact', () => {
  property('L2: are all of both lists, the own one first', [arb.manifest], (manifest) => {
    const expected = new Map<string, string>([
      ...Object.entries(manifest.cookbookVersions),
      ...Object.entries(manifest.siteCookbookVersions),
    ]);
    const cookbooks = new Map<string, string>(Object.entries(allCookbooks(manifest)));
    expect(cookbooks).toEqual(expected);
    for (const [name, version] of cookbooks) {
      expect(CookbookName.is(name)).toBe(true);
      expect(Version.is(version)).toBe(true);
    }
  });
});
