/** Work that others wait for: what came in over a connection goes on when the connection is gone. */
export interface InFlight {
  /** Counts `work` as under way until it ends. */
  readonly track: <A>(work: Promise<A>) => Promise<A>;
  /** Resolves when nothing is under way any more, whatever became of it. */
  readonly settled: () => Promise<void>;
}

/** A new, empty {@link InFlight}. */
export const inFlight = (): InFlight => {
  const underWay = new Set<Promise<unknown>>();
  return {
    track: async (work) => {
      underWay.add(work);
      try {
        return await work;
      } finally {
        underWay.delete(work);
      }
    },
    settled: async () => {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
};
