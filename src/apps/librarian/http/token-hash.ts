/**
 * How tokens are kept: as their SHA-256, which is enough for what nobody can guess and costs nothing to check. A slow hash
 * would protect weak tokens, and give everybody who knocks a lever on the processor; so weak tokens are refused instead.
 *
 * @module
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import * as E from 'fp-ts/lib/Either.js';

declare const tokenHashBrand: unique symbol;

/** The SHA-256 of a token, 64 lower-case hexadecimal digits. */
export type TokenHash = string & { readonly [tokenHashBrand]: true };

/** A token has at least so many characters: 32 random ones of base64 are 192 bits. */
export const TOKEN_LENGTH_MIN = 32;
/** A token has at most so many characters. */
export const TOKEN_LENGTH_MAX = 512;

/** What RFC 6750 allows in `Authorization: Bearer …`. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/** Whether `text` is a hash as {@link hashToken} writes it. */
export const isTokenHash = (text: string): text is TokenHash => /^[0-9a-f]{64}$/.test(text);

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Hashes a token for the configuration; the error says what is wrong with it, and not what it is. */
export const hashToken = (token: string): E.Either<string, TokenHash> => {
  const { length } = token;
  if (length < TOKEN_LENGTH_MIN || length > TOKEN_LENGTH_MAX) {
    return E.left(`expected a token of ${TOKEN_LENGTH_MIN} to ${TOKEN_LENGTH_MAX} characters, got one of ${length}`);
  }
  if (!TOKEN.test(token)) return E.left('expected a token of A-Z a-z 0-9 . _ ~ + / - only, such as random base64');
  return E.right(digestOf(token).toString('hex') as TokenHash);
};

/** The position of the hash of `token`, or -1; how long it takes tells nothing of which it is, nor of how near it came. */
export const findToken = (hashes: readonly TokenHash[], token: string): number => {
  const digest = digestOf(token);
  let found = -1;
  hashes.forEach((hash, i) => {
    if (timingSafeEqual(digest, Buffer.from(hash, 'hex'))) found = i;
  });
  return found;
};
