/** An operation took longer than it may. */
export class DeadlineExceeded extends Error {
  /** Says how long it was given: so many milliseconds. */
  constructor(deadlineMs: number) {
    super(`no whole answer within ${deadlineMs} ms`);
    this.name = 'DeadlineExceeded';
  }
}

/**
 * Runs `act`, which has `deadlineMs` for all of it, however they are spent: connecting, fetching a token, waiting, or on a
 * body that drips (faults 6 and 7). When they are over this rejects at once, whatever `act` waits for, and
 * `act` is told through its signal.
 *
 * @throws DeadlineExceeded when they are over; what `act` throws when it fails earlier.
 */
export const withDeadline = async <A>(deadlineMs: number, act: (abort: AbortSignal) => Promise<A>): Promise<A> => {
  const controller = new AbortController();
  const acting = act(controller.signal);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new DeadlineExceeded(deadlineMs);
      reject(error);
      controller.abort(error);
    }, deadlineMs);
  });
  try {
    return await Promise.race([acting, late]);
  } finally {
    clearTimeout(timer);
  }
};
