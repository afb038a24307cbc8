const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/**
 * Checks a state store's key.
 *
 * @throws TypeError when `key` is not one or more names joined by `/`: a programming error.
 */
export const assertDocumentKey = (key: string): void => {
  if (key.split('/').every((name) => NAME.test(name))) return;
  throw new TypeError(
    `key: expected names joined by "/", each 1 to 128 of A-Z a-z 0-9 _ - . and starting with a letter or digit, got ${JSON.stringify(key.slice(0, 200))}`,
  );
};

/**
 * The largest document that a state store holds, in bytes: 16 MiB. Generous for what Signalbox remembers, small enough
 * that a file grown by mistake does not take its reader down.
 */
export const STATE_BYTES_MAX = 16_777_216;
