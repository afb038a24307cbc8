/**
 * Documents that a command is given: read whole, parsed as YAML (and so as JSON), decoded, or refused with the file's
 * name before anything starts.
 *
 * @module
 */
import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type * as t from 'io-ts';
import { parseDocument } from 'yaml';
import { decodeWith, formatFieldErrors } from '../../domain/decoding.ts';
import { type Config, decodeConfig } from '../config.ts';
import { badData, type Failure } from '../failure.ts';

/** Where configuration is looked for when nobody names a file. */
const CONFIG_FILE_DEFAULT = '/etc/signalbox/config.yaml';

const DOCUMENT_BYTES_MAX = 4 * 1024 * 1024;

/** Aliases may multiply what a few lines stand for; nobody's configuration needs more of them than this. */
const ALIASES_MAX = 100;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).trim();

const parseYaml = (text: string): E.Either<string, unknown> =>
  E.tryCatch(
    () => {
      const document = parseDocument(text, { uniqueKeys: true });
      const [error] = document.errors;
      if (error !== undefined) throw error;
      return document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown;
    },
    (error) => `expected YAML: ${messageOf(error)}`,
  );

const readText = async (file: string): Promise<string> => {
  const text = await readFile(file, 'utf8');
  if (text.length > DOCUMENT_BYTES_MAX) throw new Error('expected at most 4 MiB');
  return text;
};

/** What a shell calls a file that is none, `<(command)` for one. */
const OF_A_SHELL = /^\/(?:dev|proc)\//;

/**
 * Reads a file that a daemon may have to read again. A pipe would then be waited for until somebody writes, and that is for
 * ever: so it is refused, but for what a shell hands over.
 */
const readTextAgain = async (file: string): Promise<string> => {
  if (OF_A_SHELL.test(file)) return readText(file);
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new Error('expected a plain file');
    if (stat.size > DOCUMENT_BYTES_MAX) throw new Error('expected at most 4 MiB');
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
};

const readDocument = async (
  file: string,
  read: (file: string) => Promise<string>,
): Promise<E.Either<Failure, unknown>> => {
  try {
    return E.mapLeft((detail: string) => badData(`${file}: ${detail}`))(parseYaml(await read(file)));
  } catch (error) {
    return E.left(badData(`${file}: ${messageOf(error)}`));
  }
};

/** Reads `file` and decodes it with `codec`. */
export const loadDocument = async <A, J>(file: string, codec: t.Type<A, J>): Promise<E.Either<Failure, A>> => {
  const document = await readDocument(file, readText);
  if (E.isLeft(document)) return document;
  const decoded = decodeWith(codec)(document.right);
  return E.isRight(decoded) ? decoded : E.left(badData(`${file}: ${formatFieldErrors(decoded.left)}`));
};

/** The configuration, with the directory that its relative paths count from. */
export interface LoadedConfig {
  readonly config: Config;
  readonly pathOf: (path: string) => string;
}

const isMissing = async (file: string): Promise<boolean> => {
  try {
    await readFile(file);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
};

/** A `file:` URL or a path, relative to `directory`. */
const pathFrom =
  (directory: string) =>
  (path: string): string =>
    path.startsWith('file:') ? fileURLToPath(path) : resolve(directory, path);

/** The configuration as the environment alone gives it; relative paths count from the working directory. */
export const configOfEnvironment = (
  environment: Readonly<Record<string, string | undefined>>,
): E.Either<Failure, LoadedConfig> =>
  E.map((config: Config): LoadedConfig => ({ config, pathOf: pathFrom('.') }))(
    decodeConfig(undefined, environment, parseYaml),
  );

/**
 * Loads the configuration: the file that was named, or the default one if it is there, and over it the environment. A
 * file that was named and cannot be read is an error.
 */
export const loadConfig = async (
  named: O.Option<string>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<E.Either<Failure, LoadedConfig>> => {
  const asked = O.isSome(named) ? named : O.fromNullable(environment['SIGNALBOX_CONFIG']);
  const file = O.isSome(asked) ? asked.value : CONFIG_FILE_DEFAULT;
  const isAbsent = O.isNone(asked) && (await isMissing(file));
  const document = isAbsent ? E.right(undefined) : await readDocument(file, readTextAgain);
  if (E.isLeft(document)) return document;
  const config = decodeConfig(document.right, environment, parseYaml);
  if (E.isLeft(config)) return isAbsent ? config : E.left(badData(`${file}: ${config.left.detail}`));
  const directory = isAbsent ? '.' : dirname(resolve(file));
  return E.right({ config: config.right, pathOf: pathFrom(directory) });
};
