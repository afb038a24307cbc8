/** The contract of the notifier finds out receivers that break it. */
import { describe, expect, test } from 'vitest';
import { notifierContract } from '../../src/adapters/contracts/index.ts';
import { memoryNotifier, type MemoryNotifier } from '../../src/adapters/memory/index.ts';
import type { Notifier } from '../../src/ports/notifier.ts';

type Break = (whole: MemoryNotifier) => Notifier;

const BROKEN: Readonly<Record<string, readonly [law: string, breakIt: Break]>> = {
  'that says it has what it has not': [
    'an event of each kind is delivered',
    (whole) => ({
      send: async (notification) =>
        notification.type === 'hold.lifted' ? { _tag: 'Delivered' } : whole.send(notification),
    }),
  ],
  'that gives an event a new id each time': [
    'an event that is sent again has the same id',
    (whole) => {
      let sent = 0;
      return { send: (notification) => whole.send({ ...notification, id: `${notification.id}${sent++ || ''}` }) };
    },
  ],
  'that sends one event at a time, and loses the others': [
    'events may be sent side by side',
    (whole) => {
      let isBusy = false;
      return {
        send: async (notification) => {
          if (isBusy) return { _tag: 'Failed', detail: 'busy' };
          isBusy = true;
          await Promise.resolve();
          isBusy = false;
          return whole.send(notification);
        },
      };
    },
  ],
  'that takes a failure for a refusal': [
    'a receiver in trouble has failed, and is asked again later',
    (whole) => ({
      send: async (notification) => {
        const sent = await whole.send(notification);
        return sent._tag === 'Failed' ? { _tag: 'Refused', detail: sent.detail } : sent;
      },
    }),
  ],
  'that rejects': [
    'a receiver that refuses an event has refused it',
    (whole) => ({
      send: async (notification) => {
        const sent = await whole.send(notification);
        if (sent._tag === 'Refused') throw new Error(sent.detail);
        return sent;
      },
    }),
  ],
};

describe('the notifier contract finds out a receiver', () => {
  test.each(Object.entries(BROKEN))('%s', async (_, [law, breakIt]) => {
    const cases = notifierContract(async () => {
      const whole = memoryNotifier();
      return {
        notifier: breakIt(whole),
        taken: () => whole.taken.map(({ id }) => id),
        become: async (mood) => {
          if (mood === 'Takes') whole.answer({ _tag: 'Delivered' });
          else whole.answer({ _tag: mood === 'Refuses' ? 'Refused' : 'Failed', detail: 'no' });
          return true;
        },
        tearDown: async () => undefined,
      };
    });
    const broken = cases.find(({ name }) => name === law);
    await expect(broken?.run()).rejects.toThrow();
  });
});
