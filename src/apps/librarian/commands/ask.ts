/**
 * What the Librarian's commands do alike: ask, in somebody's name where it has consequences, and print the answer.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { Person } from '../../../domain/control-state.ts';
import { parseName } from '../../../domain/names.ts';
import { fail } from '../../cli/command.ts';
import { EXIT, type ExitCode } from '../../cli/exit-code.ts';
import { table } from '../../cli/table.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { badData, type Failure } from '../../failure.ts';
import type { Asker } from '../intervene.ts';

/** Asks, and prints the answer or the failure. */
export const ask = async <A>(
  terminal: Terminal,
  question: TE.TaskEither<Failure, A>,
  print: (answer: A) => ExitCode,
): Promise<ExitCode> => {
  const answer = await question();
  return E.isLeft(answer) ? fail(terminal, answer.left) : print(answer.right);
};

/** Prints one JSON document on one line. */
export const printJson = (terminal: Terminal, json: object): void => {
  terminal.out(JSON.stringify(json));
};

/** Prints rows with aligned columns. */
export const printTable = (terminal: Terminal, rows: readonly (readonly string[])[]): void => {
  for (const line of table(rows)) terminal.out(line);
};

/** What a command that may have left some stack behind ends with: trying again is right, and harmless. */
export const afterTroubles = (terminal: Terminal, troubles: readonly { readonly detail: string }[]): ExitCode => {
  for (const { detail } of troubles) terminal.err(`signalbox: ${detail}`);
  return troubles.length === 0 ? EXIT.done : EXIT.tryAgain;
};

/** Who the audit trail says it was: a name that could not be read back is refused here (law L5). */
const askerOf = ({ environment }: Terminal, why: string): E.Either<Failure, Asker> => {
  const variable = environment['SUDO_USER'] === undefined ? 'USER' : 'SUDO_USER';
  return E.bimap(
    (detail: string) => badData(`${variable}: ${detail}`),
    (who: string): Asker => ({ who, why }),
  )(parseName(Person)(environment[variable] ?? 'unknown'));
};

/** {@link ask} for what somebody has to answer for. */
export const askAs = <A>(
  terminal: Terminal,
  why: string,
  question: (asker: Asker) => TE.TaskEither<Failure, A>,
  print: (answer: A) => ExitCode,
): Promise<ExitCode> => ask(terminal, TE.chain(question)(TE.fromEither(askerOf(terminal, why))), print);
