import { expect, test } from 'vitest';
import { artifactVersionAt } from '../../src/domain/artifact-version.ts';
import { compareVersions } from '../../src/domain/names.ts';
import { epochMs, plus, SECOND_MS } from '../../src/domain/time.ts';
import * as arb from '../support/arbitraries.ts';
import { property } from '../support/property.ts';

test('the published example is the version of its own instant', () => {
  expect(artifactVersionAt(epochMs(1_753_666_491_999))).toBe('20250728.1753666491.0');
});

/** The last second of time has no later one. */
const notTheLast = arb.instant.filter((instant) => plus(instant, SECOND_MS) === instant + SECOND_MS);

property('an artifact that is built a second later is a newer one', [notTheLast], (instant) => {
  expect(compareVersions(artifactVersionAt(plus(instant, SECOND_MS)), artifactVersionAt(instant))).toBe(1);
});
