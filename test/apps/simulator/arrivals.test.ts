import { describe, expect, it } from 'vitest';
import { arrivalsOf } from '../../../src/apps/simulator/arrivals.ts';
import type { ScenarioJson } from '../../../src/apps/simulator/scenario-json.ts';
import { scenarioOf } from '../../support/small-scenarios.ts';

const STREAM: ScenarioJson = { name: 'stream', plan: 'slack', lasts: '1d', fleet: 16, stream: { every: '6h' } };

const versionsOf = (document: ScenarioJson): readonly string[] =>
  arrivalsOf(scenarioOf(document), 1).map(({ version }) => version);

describe('artifacts that keep coming', () => {
  it('are named by their day and how many came before', () => {
    expect(versionsOf(STREAM)).toEqual(['20260105.0.0', '20260105.1.0', '20260105.2.0', '20260105.3.0']);
  });

  it('leave out the names that the scenario has given, and only those', () => {
    const artifacts = ['20260105.1.0', '20260105.1.1'].map((version) => ({ version, at: '0s' }));
    const versions = versionsOf({ ...STREAM, artifacts, installed: '20260105.3.0' });
    expect(versions.toSorted()).toEqual([
      '20260105.0.0',
      '20260105.1.0',
      '20260105.1.1',
      '20260105.1.2',
      '20260105.2.0',
      '20260105.3.1',
    ]);
  });

  it('come at the same moments all the same', () => {
    const moments = (document: ScenarioJson) => arrivalsOf(scenarioOf(document), 1).map(({ atMs }) => atMs);
    expect(moments({ ...STREAM, installed: '20260105.3.0' })).toEqual(moments(STREAM));
  });
});
