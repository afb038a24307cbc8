/** It stood still for too long. */
class StoodStill extends Error {}

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
      timer = setTimeout(() => controller.abort(new StoodStill(`nothing moved for ${ms} ms`)), ms);
    },
    pause,
  };
};
