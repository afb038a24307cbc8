/**
 * `signalbox token hash`: what the configuration knows of a token.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import { fail } from '../../cli/command.ts';
import { EXIT, type ExitCode } from '../../cli/exit-code.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { badData } from '../../failure.ts';
import { hashToken, TOKEN_LENGTH_MAX } from './token-hash.ts';

/** Reads a token, and no more than could be one. */
const read = async (input: AsyncIterable<Uint8Array>): Promise<string> => {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of input) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > 2 * TOKEN_LENGTH_MAX) break;
  }
  return Buffer.concat(pieces).toString().trim();
};

/** Prints the hash of the token that `input` brings; it is never an argument, where others would see it. */
export const tokenHash = async (input: AsyncIterable<Uint8Array>, terminal: Terminal): Promise<ExitCode> => {
  const hash = hashToken(await read(input));
  if (E.isLeft(hash)) return fail(terminal, badData(hash.left));
  terminal.out(hash.right);
  return EXIT.done;
};
