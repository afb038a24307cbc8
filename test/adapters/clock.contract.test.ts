import { setTimeout as delay } from 'node:timers/promises';
import { clockContract } from '../../src/adapters/contracts/index.ts';
import { virtualClock } from '../../src/adapters/memory/index.ts';
import { systemClock } from '../../src/adapters/system-clock/index.ts';
import { epochMs, plus } from '../../src/domain/time.ts';
import { keepsContract } from '../support/contract.ts';

keepsContract(
  'clock',
  'virtual',
  clockContract(async () => {
    const clock = virtualClock(epochMs(1_753_668_151_054));
    return {
      clock,
      letPass: (durationMs) => clock.advanceTo(plus(clock.now(), durationMs)),
      tearDown: async () => undefined,
    };
  }),
);

keepsContract(
  'clock',
  'system',
  clockContract(async () => ({
    clock: systemClock(),
    letPass: (durationMs) => delay(durationMs),
    tearDown: async () => undefined,
  })),
);
