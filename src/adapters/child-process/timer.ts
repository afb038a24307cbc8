/** The longest delay that Node's timers know, 2³¹ − 1 ms; a longer one fires after 1 ms (fault 15). */
const TIMER_MS_MAX = 2_147_483_647;

/** Calls `act` once after `delayMs`, however long that is. What it returns calls it off. */
export const startTimer = (delayMs: number, act: () => void): (() => void) => {
  let remainingMs = delayMs;
  let timer: NodeJS.Timeout;
  const next = (): void => {
    const pieceMs = Math.min(remainingMs, TIMER_MS_MAX);
    remainingMs -= pieceMs;
    timer = setTimeout(remainingMs > 0 ? next : act, pieceMs);
  };
  next();
  return () => clearTimeout(timer);
};
