/** Wakes the agent before its time. A ring that nobody listens to is heard by the next who does. */
export interface Bell {
  readonly ring: () => void;
  /** Calls `wake` at the next ring; answers how to stop listening. */
  readonly listen: (wake: () => void) => () => void;
}

/** A bell that nobody has rung yet. */
export const newBell = (): Bell => {
  let isRung = false;
  let wakeListener: (() => void) | undefined;
  return {
    ring: () => {
      isRung = true;
      wakeListener?.();
    },
    listen: (wake) => {
      wakeListener = wake;
      if (isRung) wake();
      return () => {
        wakeListener = undefined;
        isRung = false;
      };
    },
  };
};
