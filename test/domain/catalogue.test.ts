import * as O from 'fp-ts/lib/Option.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Artifact, catalogueOf, promotable } from '../../src/domain/catalogue.ts';
import { compareVersions } from '../../src/domain/names.ts';
import { property } from '../support/property.ts';
import { stackName, version } from '../support/slack.ts';

const STACKS = ['basalt', 'ironstone'].map(stackName);
const artifact = (name: string, completeOn = STACKS, rejected = false): Artifact => ({
  version: version(name),
  completeOn,
  rejected,
});

const artifacts = fc.array(
  fc
    .record({ n: fc.nat({ max: 30 }), on: fc.subarray(STACKS), rejected: fc.boolean() })
    .map(({ n, on, rejected }) => artifact(`1.0.${n}`, on, rejected)),
);

describe('catalogueOf', () => {
  property('T2: newest is the greatest that is complete on every stack and not rejected', [artifacts], (list) => {
    const { byVersion, newest } = catalogueOf(STACKS, list);
    const eligible = [...byVersion.values()].filter((one) => !one.rejected && one.completeOn.length === STACKS.length);
    if (O.isNone(newest)) {
      expect(eligible).toEqual([]);
      return;
    }
    expect(eligible.map((one) => one.version)).toContain(newest.value);
    for (const one of eligible) expect(compareVersions(one.version, newest.value)).toBeLessThanOrEqual(0);
  });

  property(
    'T2: the order of arrival does not matter',
    [
      fc.uniqueArray(
        artifacts.chain((list) => fc.constantFrom(artifact('1.0.0'), ...list)),
        { selector: (one) => one.version },
      ),
    ],
    (list) => {
      expect(catalogueOf(STACKS, list.toReversed()).newest).toEqual(catalogueOf(STACKS, list).newest);
    },
  );

  it('T2: versions are compared as numbers, not as text (fault 18)', () => {
    const { newest } = catalogueOf(STACKS, [artifact('20250728.9.0'), artifact('20250728.10.0')]);
    expect(newest).toEqual(O.some('20250728.10.0'));
  });

  it('T12: of two entries with one version the later counts', () => {
    const { byVersion, newest } = catalogueOf(STACKS, [artifact('1.0.1'), artifact('1.0.1', STACKS, true)]);
    expect(byVersion.get(version('1.0.1'))?.rejected).toBe(true);
    expect(newest).toEqual(O.none);
  });
});

describe('promotable', () => {
  const [basalt = stackName('basalt')] = STACKS;
  const catalogue = catalogueOf(STACKS, [
    artifact('1.0.1'),
    artifact('1.0.2', [basalt]),
    artifact('1.0.3', [basalt], true),
  ]);
  const ask = (name: string, stacks = STACKS) => promotable(catalogue, version(name), stacks);

  it('L1: only what is complete on all of the stacks may be promoted', () => {
    expect(ask('1.0.1')).toEqual({ _tag: 'Promotable' });
    expect(ask('1.0.2')).toEqual({ _tag: 'Incomplete', missingOn: ['ironstone'] });
    expect(ask('1.0.2', [basalt])).toEqual({ _tag: 'Promotable' });
    expect(ask('1.0.4')).toEqual({ _tag: 'Unknown' });
  });

  it('T12: what is rejected may not, and that is said before what is missing', () => {
    expect(ask('1.0.3')).toEqual({ _tag: 'Rejected' });
  });
});
