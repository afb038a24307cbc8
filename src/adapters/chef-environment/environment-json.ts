import * as E from 'fp-ts/lib/Either.js';
import { decodeWith, formatFieldErrors, isRecord } from '../../domain/decoding.ts';
import type { EnvironmentName } from '../../domain/names.ts';
import { ChefEnvironment, emptyChefEnvironment } from '../../domain/pin.ts';
import { parseExactJson } from '../text-body/index.ts';

const decodeEnvironment = decodeWith(ChefEnvironment);

/**
 * Reads the JSON of the environment called `name`. What people leave out of it is filled in as Chef does; numbers keep the
 * form they were written in, so that a pin changes nothing but itself (law L2). The error names the field.
 */
export const decodeEnvironmentJson = (name: EnvironmentName, text: string): E.Either<string, ChefEnvironment> => {
  const parsed = E.tryCatch(
    () => parseExactJson(text),
    () => 'expected JSON, got something else, or JSON that was cut off',
  );
  if (E.isLeft(parsed)) return parsed;
  const value = parsed.right;
  const decoded = decodeEnvironment(isRecord(value) ? { ...emptyChefEnvironment(name), ...value } : value);
  if (E.isLeft(decoded)) return E.left(formatFieldErrors(decoded.left));
  if (decoded.right.name === name) return decoded;
  return E.left(`name: expected ${name}, as it was asked for, got ${decoded.right.name}`);
};

/** Writes an environment as `knife` does: two spaces, a line at its end. */
export const encodeEnvironmentJson = (environment: ChefEnvironment): string =>
  `${JSON.stringify(environment, null, 2)}\n`;
