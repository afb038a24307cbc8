/**
 * Who is asking: by a static token or by a token of an identity provider, both sent as `Authorization: Bearer …`.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Clock } from '../../../ports/clock.ts';
import type { AuthSettings, TokenSettings } from './auth-settings.ts';
import { oidcVerifier } from './oidc.ts';
import type { Authenticate, Authentication } from './principal.ts';
import { findToken } from './token-hash.ts';

/** Longer than any token that a provider makes, short enough to be hashed for free. */
const CREDENTIALS_LENGTH_MAX = 8_192;

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** A JWT has three parts, whose first one says what it is. */
const isJwt = (credentials: string): boolean => /^[^.]+\.[^.]+\.[^.]+$/.test(credentials);

const byToken = (
  tokens: readonly TokenSettings[],
  clock: Pick<Clock, 'now'>,
  credentials: string,
): O.Option<Authentication> => {
  const token =
    tokens[
      findToken(
        tokens.map(({ sha256 }) => sha256),
        credentials,
      )
    ];
  if (token === undefined) return O.none;
  const { name, permissions, expires } = token;
  return O.some(
    O.isSome(expires) && clock.now() >= expires.value
      ? { _tag: 'Invalid', detail: 'the token has expired' }
      : { _tag: 'Authenticated', principal: { subject: `token:${name}`, permissions } },
  );
};

/** What judges credentials as `settings` say. */
export const authenticator = ({ oidc, tokens }: AuthSettings, clock: Pick<Clock, 'now'>): Authenticate => {
  const verify = O.map(oidcVerifier)(oidc);
  return async (authorization) => {
    if (authorization === undefined) return { _tag: 'Missing' };
    const credentials = BEARER.exec(authorization)?.[1];
    if (credentials === undefined || credentials.length > CREDENTIALS_LENGTH_MAX) {
      return { _tag: 'Invalid', detail: 'expected `Bearer` and a token' };
    }
    const known = byToken(tokens, clock, credentials);
    if (O.isSome(known)) return known.value;
    return O.isSome(verify) && isJwt(credentials)
      ? verify.value(credentials)
      : { _tag: 'Invalid', detail: 'the token is not known' };
  };
};
