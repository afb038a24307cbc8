/**
 * How the words of a command line are read: what a reader here refuses is a fault of usage.
 *
 * @module
 */
import { InvalidArgumentError } from 'commander';
import * as E from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import { parseName } from '../../domain/names.ts';
import { formatDuration, parseDuration } from '../../domain/time.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/** Reads an argument with `parse`. */
export const parsed =
  <A>(parse: (text: string) => E.Either<string, A>) =>
  (text: string): A => {
    const read = parse(text);
    if (E.isLeft(read)) throw new InvalidArgumentError(read.left);
    return read.right;
  };

/** Reads a name, or another text that `codec` knows. */
export const named = <A extends string>(codec: t.Type<A, string>): ((text: string) => A) => parsed(parseName(codec));

/** For an option that takes several values. */
export const collected =
  <A>(read: (text: string) => A) =>
  (text: string, before: readonly A[] | undefined): readonly A[] => [...(before ?? []), read(text)];

/** A whole number from `min` to `max`. */
export const integer =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}, got ${text}`);
    }
    return value;
  };

/** A duration that is one, in milliseconds. */
export const lasting = parsed((text) =>
  E.filterOrElse(
    (ms: number) => ms > 0,
    () => 'expected more than 0s',
  )(parseDuration(text)),
);

/** A duration that is long enough, in milliseconds. */
export const lastingAtLeast = (minMs: number): ((text: string) => number) =>
  parsed((text) =>
    E.filterOrElse(
      (ms: number) => ms >= minMs,
      () => `expected at least ${formatDuration(minMs)}, got ${text}`,
    )(parseDuration(text)),
  );

/** A duration that is one, and not too long, in milliseconds. */
export const lastingAtMost =
  (maxMs: number) =>
  (text: string): number => {
    const durationMs = lasting(text);
    if (durationMs > maxMs) throw new InvalidArgumentError(`expected at most ${formatDuration(maxMs)}, got ${text}`);
    return durationMs;
  };

/** Ends a command whose options say nothing together. */
export const refuseUsage = (terminal: Terminal, detail: string): Promise<ExitCode> => {
  terminal.err(`signalbox: ${detail}`);
  return Promise.resolve(EXIT.usage);
};
