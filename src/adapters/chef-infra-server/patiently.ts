import { setTimeout as pause } from 'node:timers/promises';
import { Trouble } from './trouble.ts';

/** So many times a request of an upload is sent: Chef's own tools do as much for a file store that lags. */
const TRIES_MAX = 5;

/**
 * Does `act` again while its trouble may pass, waiting `pauseMs` each time. For the many requests of an upload, of which one
 * that fails would throw away the others; only for such as may be repeated.
 */
export const patiently = async <A>(pauseMs: number, act: () => Promise<A>): Promise<A> => {
  for (let tries = 1; ; tries++) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Trouble) || !error.isPassing || tries >= TRIES_MAX) throw error;
    }
    await pause(pauseMs);
  }
};
