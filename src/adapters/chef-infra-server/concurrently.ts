/** So many requests of one kind are under way at once: as many as Chef's own tools send. */
const AT_ONCE = 10;

/**
 * Does `act` for each item, ten at a time, in no particular order. After the first failure nothing more is begun.
 *
 * @throws what the first `act` that failed threw, once all that were begun have ended.
 */
export const concurrently = async <A>(items: Iterable<A>, act: (item: A) => Promise<void>): Promise<void> => {
  const left = [...items].values();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const item of left) {
      if (failures.length > 0) return;
      await act(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (failures.length > 0) throw failures[0];
};
