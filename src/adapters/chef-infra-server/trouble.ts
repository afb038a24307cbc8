/** What was asked of the server cannot be answered now; the message says why, for people. */
export class Trouble extends Error {
  /** Whether the same request may well succeed a moment later. */
  readonly isPassing: boolean;

  /** Says what went wrong, on one line. */
  constructor(message: string, isPassing = false) {
    super(message);
    this.isPassing = isPassing;
  }
}

const LENGTH_MAX = 300;

/** `text` on one line, free of control characters and not too long: what a server says may be anything. */
export const oneLine = (text: string): string =>
  text
    .replace(/[\s\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, LENGTH_MAX);
