import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it, test } from 'vitest';
import { decodeWith, formatFieldErrors } from '../../src/domain/decoding.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { EnvironmentName, nameFromLiteral, Version } from '../../src/domain/names.ts';
import { ChefEnvironment, emptyChefEnvironment, isPinnedTo, pinnedVersion, pinTo } from '../../src/domain/pin.ts';
import * as arb from '../support/arbitraries.ts';
import { property } from '../support/property.ts';

const version = nameFromLiteral(Version);
const ENVIRONMENT = emptyChefEnvironment(nameFromLiteral(EnvironmentName)('prod-1'));
const MANIFEST: Manifest = {
  baseVersion: version('20250728.1753666491.0'),
  latestCommitHash: 'c0ffee',
  author: 'Ada <ada@example.com>',
  cookbookVersions: { apt: version('7.5.23'), squid: version('1.0.0') },
  siteCookbookVersions: { squid: version('20250728.1753666491.0') },
};

/** An environment as its JSON has it: a map of own keys, so that `__proto__` is compared like any other. */
const entriesOf = (record: object): ReadonlyMap<string, unknown> => new Map(Object.entries(record));

const without = (record: object, names: Iterable<string>): ReadonlyMap<string, unknown> => {
  const left = new Map(entriesOf(record));
  for (const name of names) left.delete(name);
  return left;
};

const artifactCookbooks = ({ cookbookVersions, siteCookbookVersions }: Manifest): ReadonlyMap<string, string> =>
  new Map<string, string>([...Object.entries(cookbookVersions), ...Object.entries(siteCookbookVersions)]);

const freezeDeep = <A>(value: A): A => {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(freezeDeep);
  return Object.freeze(value);
};

describe('moving a pin', () => {
  property(
    "L2: constrains exactly the artifact's cookbooks, each to its version",
    [arb.chefEnvironment, arb.manifest],
    (environment, manifest) => {
      const pinned = pinTo(environment, manifest);
      const cookbooks = artifactCookbooks(manifest);
      const constraints = entriesOf(pinned.cookbook_versions);
      for (const [name, of] of cookbooks) expect(constraints.get(name)).toBe(`= ${of}`);
      expect(without(pinned.cookbook_versions, cookbooks.keys())).toEqual(
        without(environment.cookbook_versions, cookbooks.keys()),
      );
    },
  );

  property(
    'L2: leaves every other attribute and field as it was',
    [arb.chefEnvironment, arb.manifest],
    (environment, manifest) => {
      const pinned = pinTo(environment, manifest);
      const touched = ['cookbook_versions', 'default_attributes'];
      expect(without(pinned, touched)).toEqual(without(environment, touched));
      expect(without(pinned.default_attributes, ['signalbox'])).toEqual(
        without(environment.default_attributes, ['signalbox']),
      );
      const marker = entriesOf(environment.default_attributes).get('signalbox');
      if (typeof marker === 'object' && marker !== null && !Array.isArray(marker)) {
        const after = entriesOf(pinned.default_attributes).get('signalbox') as object;
        expect(without(after, ['artifact_version'])).toEqual(without(marker, ['artifact_version']));
      }
    },
  );

  property(
    'L2: writes nothing into what it was given',
    [arb.chefEnvironment, arb.manifest],
    (environment, manifest) => {
      const before = JSON.stringify(environment);
      pinTo(freezeDeep(environment), freezeDeep(manifest));
      expect(JSON.stringify(environment)).toBe(before);
    },
  );

  property(
    'L1: is seen by the read-back, after the way through JSON',
    [arb.chefEnvironment, arb.manifest],
    (environment, manifest) => {
      const pinned = pinTo(environment, manifest);
      expect(isPinnedTo(pinned, manifest)).toBe(true);
      expect(pinnedVersion(pinned)).toStrictEqual(O.some(manifest.baseVersion));
      const back = ChefEnvironment.decode(JSON.parse(JSON.stringify(ChefEnvironment.encode(pinned))));
      expect(E.isRight(back) && isPinnedTo(back.right, manifest)).toBe(true);
    },
  );

  property('L8: again changes nothing', [arb.chefEnvironment, arb.manifest], (environment, manifest) => {
    const pinned = pinTo(environment, manifest);
    expect(JSON.stringify(pinTo(pinned, manifest))).toBe(JSON.stringify(pinned));
  });

  property(
    'the later of two pins holds',
    [arb.chefEnvironment, arb.manifest, arb.manifest],
    (environment, first, second) => {
      const pinned = pinTo(pinTo(environment, first), second);
      expect(isPinnedTo(pinned, second)).toBe(true);
      expect(isPinnedTo(pinned, first)).toBe(
        first.baseVersion === second.baseVersion && isPinnedTo(pinTo(pinned, first), second),
      );
    },
  );

  it.each([null, 'text', 7, true, ['1.0.0']])('L2: a note of %j, which can hold no version, is replaced', (marker) => {
    const pinned = pinTo({ ...ENVIRONMENT, default_attributes: { signalbox: marker } }, MANIFEST);
    expect(pinned.default_attributes).toStrictEqual({ signalbox: { artifact_version: MANIFEST.baseVersion } });
  });

  test('L2: the example, written out', () => {
    const environment: ChefEnvironment = {
      ...ENVIRONMENT,
      description: 'first of five',
      default_attributes: { signalbox: { owner: 'ops' }, ntp: { servers: ['a'] } },
      override_attributes: { debug: false },
      cookbook_versions: { apt: '= 7.5.22', nginx: '~> 2.0' },
    };
    expect(pinTo(environment, MANIFEST)).toStrictEqual({
      name: 'prod-1',
      description: 'first of five',
      json_class: 'Chef::Environment',
      chef_type: 'environment',
      default_attributes: {
        signalbox: { owner: 'ops', artifact_version: '20250728.1753666491.0' },
        ntp: { servers: ['a'] },
      },
      override_attributes: { debug: false },
      cookbook_versions: { apt: '= 7.5.23', nginx: '~> 2.0', squid: '= 20250728.1753666491.0' },
    });
  });
});

describe('the read-back', () => {
  test('L1: nobody has promoted to a new environment', () => {
    expect(pinnedVersion(ENVIRONMENT)).toStrictEqual(O.none);
    expect(isPinnedTo(ENVIRONMENT, MANIFEST)).toBe(false);
  });

  it.each([
    ['a constraint is missing', { cookbook_versions: { apt: '= 7.5.23' } }],
    ['a constraint is another', { cookbook_versions: { apt: '= 7.5.24', squid: '= 20250728.1753666491.0' } }],
    ['a constraint is looser', { cookbook_versions: { apt: '~> 7.5.23', squid: '= 20250728.1753666491.0' } }],
    ['the artifact is not noted', { default_attributes: {} }],
    ['another artifact is noted', { default_attributes: { signalbox: { artifact_version: '1.0.0' } } }],
    ['what is noted is no version', { default_attributes: { signalbox: { artifact_version: 20250728 } } }],
  ])('L1: it is not pinned when %s', (_why, change) => {
    expect(isPinnedTo({ ...pinTo(ENVIRONMENT, MANIFEST), ...change }, MANIFEST)).toBe(false);
  });

  it.each([null, 'text', 7, [], ['1.0.0'], {}, { artifact_version: null }, { artifact_version: '../x' }])(
    'S7: a note of %j is no pin',
    (marker) => {
      expect(pinnedVersion({ ...ENVIRONMENT, default_attributes: { signalbox: marker } })).toStrictEqual(O.none);
    },
  );

  test('fault 19: a note behind __proto__ is no pin, and survives as the attribute it is', () => {
    const attributes = '{"__proto__":{"signalbox":{"artifact_version":"6.6.6"}}}';
    const json: unknown = { ...ENVIRONMENT, default_attributes: JSON.parse(attributes) as unknown };
    const decoded = decodeWith(ChefEnvironment)(json);
    if (E.isLeft(decoded)) throw new Error(formatFieldErrors(decoded.left));
    expect(pinnedVersion(decoded.right)).toStrictEqual(O.none);
    expect(JSON.stringify(ChefEnvironment.encode(decoded.right))).toContain(attributes);
  });
});

describe('a Chef environment', () => {
  property('L2: is read and written whole, fields included that nobody knows', [arb.chefEnvironment], (environment) => {
    const json = JSON.stringify(environment);
    const decoded = ChefEnvironment.decode(JSON.parse(json));
    expect(E.isRight(decoded) && JSON.stringify(ChefEnvironment.encode(decoded.right))).toBe(json);
  });

  property('S2: any JSON is one or is refused by field', [arb.jsonValue], (json) => {
    const decoded = decodeWith(ChefEnvironment)(json);
    expect(E.isRight(decoded)).toBe(ChefEnvironment.is(json));
  });

  const faults = fc.constantFrom<readonly [keyof ChefEnvironment, unknown]>(
    ['name', '../prod'],
    ['name', null],
    ['description', 1],
    ['json_class', 'Chef::Role'],
    ['chef_type', 'role'],
    ['default_attributes', []],
    ['override_attributes', null],
    ['cookbook_versions', { apt: 7 }],
    ['cookbook_versions', 'apt'],
  );
  property('S2: a faulty field is named', [arb.chefEnvironment, faults], (environment, [field, value]) => {
    const decoded = decodeWith(ChefEnvironment)({ ...environment, [field]: value });
    expect(E.isLeft(decoded) && formatFieldErrors(decoded.left)).toMatch(new RegExp(`^${field}[.:]`));
  });
});
