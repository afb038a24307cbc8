import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { exampleManifest } from '../../src/adapters/contracts/example-artifact.ts';
import { signalAfterPromotion } from '../../src/domain/next-signal.ts';
import type { Signal } from '../../src/domain/signal.ts';
import { epochMs, type EpochMs, plus } from '../../src/domain/time.ts';
import { isToldBy } from '../../src/domain/told.ts';
import { environmentName, stackName, version } from '../support/slack.ts';

const OPENED = epochMs(1_767_614_400_000);
const NEW = version('1.0.2');
const FRESH = { version: NEW, overtaken: [], openedAt: OPENED };
const OVERTAKING = { ...FRESH, overtaken: [version('1.0.3')] };

const signalOf = (name: string, at: EpochMs): O.Option<Signal> => {
  const manifest = exampleManifest(name, {});
  const artifact = { manifest, uploadedAt: OPENED, bucket: 'bucket', key: `${name}.tar.gz` };
  const key = { stack: stackName('basalt'), environment: environmentName('dev') };
  return O.some(signalAfterPromotion(key, artifact, { splaySeconds: 0, departures: O.none }, O.none, at));
};

describe('whether a step has been told', () => {
  it.each([
    ['nothing', O.none, FRESH, false],
    ['another version', signalOf('1.0.1', plus(OPENED, 1)), FRESH, false],
    ['its version, however old', signalOf('1.0.2', epochMs(0)), FRESH, true],
    [
      'its version from before a step that took the place of another',
      signalOf('1.0.2', plus(OPENED, -1)),
      OVERTAKING,
      false,
    ],
    ['its version from the very instant of it', signalOf('1.0.2', OPENED), OVERTAKING, true],
    ['its version from later', signalOf('1.0.2', plus(OPENED, 60_000)), OVERTAKING, true],
    ['the version that it took the place of', signalOf('1.0.3', plus(OPENED, 1)), OVERTAKING, false],
  ] as const)('L8, T12: %s', (_, signal, step, expected) => {
    expect(isToldBy(signal, step)).toBe(expected);
  });
});
