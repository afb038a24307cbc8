/**
 * Tokens of an identity provider: JWTs whose issuer, audience and algorithm are those of the configuration, and no others.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { Person } from '../../../domain/control-state.ts';
import { parseName } from '../../../domain/names.ts';
import { MINUTE_MS, SECOND_MS } from '../../../domain/time.ts';
import type { OidcSettings } from './auth-settings.ts';
import type { Permission } from './permission.ts';
import type { Authentication } from './principal.ts';

/** So long the provider has to answer with its keys. */
const JWKS_TIMEOUT_MS = 5 * SECOND_MS;
/** So long its keys are taken for its keys: one that it takes back is good for no longer. */
const JWKS_AGE_MS_MAX = 10 * MINUTE_MS;
/** No more often than this it is asked for a key that it did not name: else every stranger could make us ask. */
const JWKS_PAUSE_MS = 30 * SECOND_MS;

const invalid = (detail: string): Authentication => ({ _tag: 'Invalid', detail });

/** Faults of the token itself. Everything else that can go wrong is that the provider's keys cannot be had. */
const isFaultOfToken = (error: unknown): error is errors.JOSEError =>
  [
    errors.JWTClaimValidationFailed,
    errors.JWTExpired,
    errors.JWTInvalid,
    errors.JWSInvalid,
    errors.JWSSignatureVerificationFailed,
    errors.JOSEAlgNotAllowed,
    errors.JOSENotSupported,
    errors.JWKSNoMatchingKey,
    errors.JWKSMultipleMatchingKeys,
  ].some((kind) => error instanceof kind);

const permissionsOf = (payload: JWTPayload, { groups_claim, grants }: OidcSettings): readonly Permission[] => {
  const groups: unknown = payload[groups_claim];
  if (!Array.isArray(groups)) return [];
  return groups.flatMap((group: unknown) => (typeof group === 'string' ? (grants.get(group) ?? []) : []));
};

const principalOf = (payload: JWTPayload, settings: OidcSettings): Authentication => {
  const claim: unknown = payload[settings.subject_claim];
  if (typeof claim !== 'string' || claim === '') return invalid(`the token has no ${settings.subject_claim}`);
  const subject = parseName(Person)(`oidc:${claim}`);
  return E.isLeft(subject)
    ? invalid(`${settings.subject_claim}: the token names nobody who could stand in the audit trail`)
    : { _tag: 'Authenticated', principal: { subject: subject.right, permissions: permissionsOf(payload, settings) } };
};

/** What judges the tokens of the provider that `settings` name. While its keys cannot be had, nobody comes in. */
export const oidcVerifier = (settings: OidcSettings): ((token: string) => Promise<Authentication>) => {
  const keys = createRemoteJWKSet(new URL(settings.jwks), {
    timeoutDuration: JWKS_TIMEOUT_MS,
    cacheMaxAge: JWKS_AGE_MS_MAX,
    cooldownDuration: JWKS_PAUSE_MS,
  });
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: settings.issuer,
        audience: settings.audience,
        algorithms: [...settings.algorithms],
        clockTolerance: settings.clock_tolerance / SECOND_MS,
        requiredClaims: ['exp'],
      });
      return principalOf(payload, settings);
    } catch (error) {
      if (isFaultOfToken(error)) return invalid(`the token is refused: ${error.code}`);
      return { _tag: 'Unavailable', detail: `the keys of ${settings.issuer} cannot be had, so nobody can be let in` };
    }
  };
};
