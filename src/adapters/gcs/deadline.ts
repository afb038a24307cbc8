/** It was not over in time. */
class TooLate extends Error {}

/**
 * Gives `act` so many milliseconds, however it is spent: connecting, fetching a token, waiting, or on a body that drips
 * (faults 6 and 7). After that the signal is aborted, and the answer is a rejection, whether `act` heeds the signal or not.
 */
export const withDeadline = async <A>(ms: number, act: (signal: AbortSignal) => Promise<A>): Promise<A> => {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new TooLate(`not over after ${ms} ms`));
      controller.abort();
    }, ms);
  });
  const acting = act(controller.signal);
  // Who is too late may fail later still, when nobody listens any more.
  acting.catch(() => undefined);
  try {
    return await Promise.race([acting, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Aborts {@link StallWatch.signal} when nothing moved for some time. */
export interface StallWatch {
  readonly signal: AbortSignal;
  /** The other side has something to do: its time starts anew. */
  readonly moved: () => void;
  /** The other side waits for us: its time stands still. */
  readonly pause: () => void;
}

/** Watches over something that may take as long as it moves, `ms` being the longest that it may stand still. */
export const stallWatch = (ms: number): StallWatch => {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const pause = (): void => clearTimeout(timer);
  return {
    signal: controller.signal,
    moved: () => {
      pause();
      timer = setTimeout(() => controller.abort(new TooLate(`nothing moved for ${ms} ms`)), ms);
    },
    pause,
  };
};
