/**
 * Runs what concerns one key one after the other, in the order in which it was asked for; keys do not wait for one
 * another. What is run must not reject.
 */
export const oneAtATime = (): (<A>(key: string, act: () => Promise<A>) => Promise<A>) => {
  const last = new Map<string, Promise<unknown>>();
  return async (key, act) => {
    const turn = (last.get(key) ?? Promise.resolve()).then(act);
    last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (last.get(key) === turn) last.delete(key);
    }
  };
};
