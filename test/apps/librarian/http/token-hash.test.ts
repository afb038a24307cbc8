import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../../src/apps/cli/exit-code.ts';
import type { Terminal } from '../../../../src/apps/cli/terminal.ts';
import { tokenHash } from '../../../../src/apps/librarian/http/token-command.ts';
import { findToken, hashToken, isTokenHash, TOKEN_LENGTH_MAX } from '../../../../src/apps/librarian/http/token-hash.ts';
import { silentLog } from '../../../../src/apps/log.ts';
import { hashOf, tokenOf } from '../../../support/api-tokens.ts';

const TOKEN = tokenOf('one');

describe('the hash of a token', () => {
  it('is its SHA-256', () => {
    expect(hashToken(TOKEN)).toEqual(E.right(createHash('sha256').update(TOKEN).digest('hex')));
    expect(isTokenHash(hashOf(TOKEN))).toBe(true);
    expect([TOKEN, '', hashOf(TOKEN).toUpperCase(), `${hashOf(TOKEN)}0`].some(isTokenHash)).toBe(false);
  });

  it.each([
    '',
    'short',
    'a'.repeat(31),
    'a'.repeat(TOKEN_LENGTH_MAX + 1),
    `${'a'.repeat(40)} b`,
    `${'a'.repeat(40)}\u0000`,
  ])('is not made of %j, and what that was is not told', (token) => {
    const refused = hashToken(token);
    expect(refused).toMatchObject({ _tag: 'Left' });
    if (E.isLeft(refused) && token !== '') expect(refused.left).not.toContain(token);
  });

  it('is found among others', () => {
    const hashes = ['one', 'two', 'three'].map((name) => hashOf(tokenOf(name)));
    expect(findToken(hashes, tokenOf('two'))).toBe(1);
    expect(findToken(hashes, `${tokenOf('two')}0`)).toBe(-1);
    expect(findToken([], tokenOf('two'))).toBe(-1);
  });
});

describe('signalbox token hash', () => {
  const run = async (input: string) => {
    const out: string[] = [];
    const err: string[] = [];
    const terminal: Terminal = {
      out: (line) => out.push(line),
      err: (line) => err.push(line),
      isColoured: false,
      environment: {},
      abort: new AbortController().signal,
      log: silentLog,
    };
    const code = await tokenHash(Readable.from([Buffer.from(input)]), terminal);
    return { code, out, err };
  };

  it('prints what the configuration shall know', async () => {
    expect(await run(`${TOKEN}\n`)).toEqual({ code: EXIT.done, out: [hashOf(TOKEN)], err: [] });
  });

  it.each(['', 'secret', 'secret'.repeat(1_000)])('refuses %#, and does not print it', async (input) => {
    const { code, out, err } = await run(input);
    expect({ code, out }).toEqual({ code: EXIT.badData, out: [] });
    expect(err.join()).toMatch(/expected a token of 32 to 512 characters/);
    expect(err.join()).not.toContain('secret');
  });
});
