/**
 * The part of the configuration that says who may do what over HTTP.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import type * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { refinedText } from '../../../domain/decoding.ts';
import {
  boundedDuration,
  defaultedField,
  exactFields,
  InstantField,
  listField,
  mapField,
  optionField,
} from '../../../domain/json-fields.ts';
import { Slug } from '../../../domain/names.ts';
import { type EpochMs, MINUTE_MS, SECOND_MS } from '../../../domain/time.ts';
import { isLoopback } from '../../listen-address.ts';
import { type Permission, PermissionField } from './permission.ts';
import { isTokenHash, type TokenHash } from './token-hash.ts';

/** The algorithms that may be pinned: signatures only, since a shared secret would let its every holder make tokens. */
export const JWT_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

/** One of {@link JWT_ALGORITHMS}. */
export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number];

/** A static token, of which only the hash is known. */
export interface TokenSettings {
  /** Who the audit trail says it was. */
  readonly name: Slug;
  readonly sha256: TokenHash;
  readonly permissions: readonly Permission[];
  /** From this instant on it is worth nothing; none: until it is taken out of the configuration. */
  readonly expires: O.Option<EpochMs>;
}

/** The identity provider whose tokens are taken. */
export interface OidcSettings {
  /** What `iss` has to be, to the letter. */
  readonly issuer: string;
  /** What `aud` has to name. */
  readonly audience: string;
  /** What the token's header may name; anything else is refused before a key is looked for. */
  readonly algorithms: readonly JwtAlgorithm[];
  /** Where the provider's public keys are. */
  readonly jwks: string;
  /** How far the provider's clock may differ, in milliseconds. */
  readonly clock_tolerance: number;
  /** The claim that names the person. */
  readonly subject_claim: string;
  /** The claim that lists the person's groups. */
  readonly groups_claim: string;
  /** Group → what its members may do. */
  readonly grants: ReadonlyMap<string, readonly Permission[]>;
}

/** Who may do what; at least one kind of credentials. */
export interface AuthSettings {
  readonly oidc: O.Option<OidcSettings>;
  readonly tokens: readonly TokenSettings[];
}

/** `codec`, whose errors tell of no text what it was: somebody may have put a secret where its hash belongs. */
const discreet = <A, J>(codec: t.Type<A, J>): t.Type<A, J> =>
  new t.Type<A, J>(
    codec.name,
    codec.is,
    (u, context) =>
      E.mapLeft((errors: t.Errors) =>
        errors.map((error): t.ValidationError =>
          typeof error.value === 'string' ? { ...error, value: `a text of ${error.value.length}` } : error,
        ),
      )(codec.validate(u, context)),
    codec.encode,
  );

const Hash = refinedText<TokenHash>(
  'hash',
  '64 hexadecimal digits, as `signalbox token hash` prints them',
  isTokenHash,
);

const Permissions = t.readonlyArray(PermissionField, 'a list of permissions');

const Token: t.Type<TokenSettings, object> = discreet(
  exactFields('token', { name: Slug, sha256: Hash, permissions: Permissions, expires: optionField(InstantField) }),
);

/** `https:` anywhere, `http:` on this machine only. */
const isProviderUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
};

const ProviderUrl = refinedText<string>('url', 'an https: URL', isProviderUrl);

const Claim = refinedText<string>('claim', 'a claim, of 1 to 256 characters', (text) => /^.{1,256}$/.test(text));

/** A list that says something. */
const nonEmpty = <A, J>(list: t.Type<readonly A[], J>): t.Type<readonly A[], J> =>
  new t.Type<readonly A[], J>(
    list.name,
    list.is,
    (u, context) =>
      E.chain((items: readonly A[]) =>
        items.length > 0 ? t.success(items) : t.failure<readonly A[]>(u, context, `${list.name} with at least one`),
      )(list.validate(u, context)),
    list.encode,
  );

const Algorithm = refinedText<JwtAlgorithm>('algorithm', `one of ${JWT_ALGORITHMS.join(', ')}`, (text) =>
  JWT_ALGORITHMS.some((name) => name === text),
);

const Oidc: t.Type<OidcSettings, object> = exactFields('oidc', {
  issuer: ProviderUrl,
  audience: Claim,
  algorithms: nonEmpty(t.readonlyArray(Algorithm, 'a list of algorithms')),
  jwks: ProviderUrl,
  clock_tolerance: defaultedField(boundedDuration(0, MINUTE_MS), 30 * SECOND_MS),
  subject_claim: defaultedField(Claim, 'sub'),
  groups_claim: defaultedField(Claim, 'groups'),
  grants: mapField(Claim, Permissions),
});

const Fields: t.Type<AuthSettings, object> = exactFields('auth', { oidc: optionField(Oidc), tokens: listField(Token) });

const faultOf = ({ oidc, tokens }: AuthSettings): string | undefined => {
  if (oidc._tag === 'None' && tokens.length === 0) return 'oidc, tokens, or both';
  const names = tokens.map(({ name }) => name);
  const hashes = tokens.map(({ sha256 }) => sha256);
  if (new Set(names).size < names.length) return 'tokens with a name each';
  return new Set(hashes).size < hashes.length ? 'each token once' : undefined;
};

/** Reads and writes {@link AuthSettings}. */
export const AuthField: t.Type<AuthSettings, object> = new t.Type<AuthSettings, object>(
  'who may do what: oidc, tokens, or both',
  (u): u is AuthSettings => Fields.is(u),
  (u, context) =>
    E.chain((settings: AuthSettings) => {
      const fault = faultOf(settings);
      return fault === undefined ? t.success(settings) : t.failure<AuthSettings>(u, context, fault);
    })(Fields.validate(u, context)),
  (settings) => Fields.encode(settings),
);
