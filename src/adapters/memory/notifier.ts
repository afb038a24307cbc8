import type { Notification } from '../../domain/notification.ts';
import type { Delivered, Notifier } from '../../ports/notifier.ts';

/** A receiver in memory. */
export interface MemoryNotifier extends Notifier {
  /** What it was given and took, in order. */
  readonly taken: readonly Notification[];
  /** What it says from now on; it takes only what it calls delivered. */
  readonly answer: (answer: Delivered) => void;
}

/** A receiver that takes everything until it is told otherwise. */
export const memoryNotifier = (): MemoryNotifier => {
  const taken: Notification[] = [];
  let next: Delivered = { _tag: 'Delivered' };
  return {
    taken,
    answer: (answer) => {
      next = answer;
    },
    send: async (notification) => {
      if (next._tag === 'Delivered') taken.push(notification);
      return next;
    },
  };
};
