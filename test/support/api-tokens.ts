/** Tokens for tests: who holds which permissions, and what the server is told of it. */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { AuthSettings, TokenSettings } from '../../src/apps/librarian/http/auth-settings.ts';
import { parsePermission, type Permission } from '../../src/apps/librarian/http/permission.ts';
import { hashToken, type TokenHash } from '../../src/apps/librarian/http/token-hash.ts';
import { nameFromLiteral, Slug } from '../../src/domain/names.ts';
import type { EpochMs } from '../../src/domain/time.ts';

/** The token of `name`. */
export const tokenOf = (name: string): string => `${name}-${'0123456789abcdef'.repeat(2)}`;

/** What a request of `name` carries. */
export const bearer = (name: string): { readonly authorization: string } => ({
  authorization: `Bearer ${tokenOf(name)}`,
});

export const hashOf = (token: string): TokenHash => {
  const hash = hashToken(token);
  if (E.isLeft(hash)) throw new Error(hash.left);
  return hash.right;
};

export const permissions = (...texts: readonly string[]): readonly Permission[] =>
  texts.map((text) => {
    const permission = parsePermission(text);
    if (E.isLeft(permission)) throw new Error(permission.left);
    return permission.right;
  });

/** The settings of a token, from the permissions that it has. */
export const tokenSettings = (
  name: string,
  allowed: readonly string[],
  expires: O.Option<EpochMs> = O.none,
): TokenSettings => ({
  name: nameFromLiteral(Slug)(name),
  sha256: hashOf(tokenOf(name)),
  permissions: permissions(...allowed),
  expires,
});

/** Settings with these tokens and no identity provider. */
export const withTokens = (...tokens: readonly TokenSettings[]): AuthSettings => ({ oidc: O.none, tokens });
