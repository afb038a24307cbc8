/**
 * One seed is one history, today as before: the traces that were written down are those that come out. A change that is to
 * alter what the product or the simulator does writes them anew, with `SIGNALBOX_UPDATE_TRACES=1`, and says in its message
 * why; one that is not to, and does, is caught here.
 *
 * `test/gates/package.ts` asks the same of the package as it is installed, under every Node that it supports.
 */
import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { READY_SCENARIOS } from '../../../src/apps/simulator/ready/ready-scenarios.ts';
import { simulate } from '../../../src/apps/simulator/simulate.ts';
import { KNOWN_TRACES, type KnownTrace, TRACES_FILE } from '../../support/known-traces.ts';

const isUpdate = process.env['SIGNALBOX_UPDATE_TRACES'] === '1';

describe('the trace', () => {
  const seen: KnownTrace[] = [];

  it.each(KNOWN_TRACES)('of $scenario with seed $seed is known', async ({ scenario: name, seed, trace }) => {
    const scenario = READY_SCENARIOS.get(name);
    if (scenario === undefined) throw new TypeError(`${name} is no ready scenario any more`);
    const { traceHash } = await simulate(scenario, { seed });
    seen.push({ scenario: name, seed, trace: traceHash });
    if (!isUpdate) expect(traceHash, 'SIGNALBOX_UPDATE_TRACES=1 writes it anew').toBe(trace);
  });

  it('is another for another seed, and for another scenario', () => {
    expect(new Set(KNOWN_TRACES.map(({ trace }) => trace)).size).toBe(KNOWN_TRACES.length);
  });

  afterAll(() => {
    if (isUpdate && seen.length === KNOWN_TRACES.length)
      writeFileSync(TRACES_FILE, `${JSON.stringify(seen, undefined, 2)}\n`);
  });
});
