/**
 * How apps say what happens: one structured entry at a time. Where entries go is for `main` to choose.
 *
 * @module
 */

/** How much an entry matters: `warn` asks for a look, `error` for a person. */
export type LogLevel = 'info' | 'warn' | 'error';

/** Writes one entry. Field names are the product's own words in snake_case, the same in every app. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** `log`, with `fields` in every entry. */
export const logWith =
  (log: Log, fields: Readonly<Record<string, unknown>>): Log =>
  (level, message, more) => {
    log(level, message, { ...fields, ...more });
  };

/** Says nothing: for embedders that have no log, and for tests that look elsewhere. */
export const silentLog: Log = () => undefined;
