import { createPrivateKey, type KeyObject } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import type { ArtifactLimits } from '../artifact-format/index.ts';
import type { SigningProtocol } from './sign-request.ts';

/** Where a Chef Infra Server is, and who asks it. */
export interface ChefInfraServerSettings {
  /** The organisation: `https://chef.example.com/organizations/fleet`. Only a server on the loopback interface may do without TLS. */
  readonly url: string;
  /** The user or client who signs the requests. */
  readonly user: string;
  /** Its private RSA key, as PEM, not encrypted, of at least 2048 bits. It stands in no message. */
  readonly key: string;
  /** `1.3` by default; `1.1` for servers before 12.4. */
  readonly sign?: SigningProtocol;
  /** Certificates, as PEM, that are believed beside those that Node believes. */
  readonly ca?: string;
  /** A directory with room for what an artifact unpacks to. It is made when it is missing. */
  readonly directory: string;
  /**
   * Before each pin, lets the server's dependency solver see whether the artifact's cookbooks go together; off by
   * default. See `docs/chef-infra-server.md`.
   */
  readonly checkDependencies?: boolean;
  /**
   * How long one request may take, in milliseconds, from connecting to the last byte (faults 6 and 7);
   * {@link DEADLINE_MS_DEFAULT} by default, at most {@link DEADLINE_MS_MAX}. A file gets more in proportion to its size.
   */
  readonly deadlineMs?: number;
  /** How long to wait before a request of an upload is tried again, in milliseconds; two seconds by default. */
  readonly pauseMs?: number;
  /** What an artifact may unpack to. */
  readonly limits?: ArtifactLimits;
  /** The wall clock, in milliseconds since 1970. */
  readonly nowMs?: () => number;
}

/** How long one request may take when nothing else is said, in milliseconds. */
export const DEADLINE_MS_DEFAULT = 30_000;

/** The longest that one request may be given, in milliseconds: ten minutes. */
export const DEADLINE_MS_MAX = 600_000;

/** What Chef's own tools wait for a file store that lags. */
const PAUSE_MS_DEFAULT = 2_000;

/** A signature of 1.1 holds the text itself, for which a shorter key has no room. */
const KEY_BITS_MIN = 2_048;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** {@link ChefInfraServerSettings} that were checked, with what is usual filled in. */
export interface CheckedSettings {
  /** Without a slash at its end. */
  readonly base: URL;
  readonly user: string;
  readonly key: KeyObject;
  readonly sign: SigningProtocol;
  readonly ca: readonly string[] | undefined;
  readonly directory: string;
  readonly checkDependencies: boolean;
  readonly deadlineMs: number;
  readonly pauseMs: number;
  readonly limits: ArtifactLimits | undefined;
  readonly nowMs: () => number;
}

const baseOf = (text: string): URL => {
  const expected = 'https://host/organizations/ORG';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOne = url !== undefined && /^\/organizations\/[a-z0-9][a-z0-9_-]*\/?$/.test(url.pathname);
  if (!isOne || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '') {
    // A password in it is not repeated.
    const shown =
      url === undefined || url.username === '' ? JSON.stringify(text.slice(0, 200)) : 'one with a user in it';
    throw new TypeError(`url: expected ${expected}, got ${shown}`);
  }
  if (url.username !== '' || url.password !== '')
    throw new TypeError(`url: expected ${expected}, got one with a user in it`);
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    throw new TypeError(`url: expected https, got ${text}; whoever is on the way could say what the server says`);
  }
  url.pathname = url.pathname.replace(/\/$/, '');
  return url;
};

const keyOf = (pem: string): KeyObject => {
  const expected = `key: expected an RSA private key of at least ${KEY_BITS_MIN} bits as PEM`;
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // What the library says may repeat what it was given.
    throw new TypeError(`${expected}, not encrypted, got something else`);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType === 'rsa' && bits >= KEY_BITS_MIN) return key;
  throw new TypeError(`${expected}, got ${key.asymmetricKeyType ?? 'another'} of ${bits} bits`);
};

const assertCertificates = (pem: string): string => {
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new TypeError('ca: expected certificates as PEM, got something else');
};

const assertWithin = (name: string, min: number, ms: number): number => {
  if (Number.isInteger(ms) && ms >= min && ms <= DEADLINE_MS_MAX) return ms;
  throw new TypeError(`${name}: expected a whole number of milliseconds, ${min} to ${DEADLINE_MS_MAX}, got ${ms}`);
};

/**
 * Checks settings before anything is done with them.
 *
 * @throws TypeError naming the field when one of them cannot be meant.
 */
export const checkSettings = (settings: ChefInfraServerSettings): CheckedSettings => {
  const { url, user, key, sign = '1.3', ca, directory, checkDependencies = false, limits } = settings;
  if (!/^[A-Za-z0-9._-]{1,255}$/.test(user)) {
    throw new TypeError(
      `user: expected the name of a user or client, of A-Z a-z 0-9 . _ -, got ${JSON.stringify(user.slice(0, 200))}`,
    );
  }
  return {
    base: baseOf(url),
    user,
    key: keyOf(key),
    sign,
    ca: ca === undefined ? undefined : [...rootCertificates, assertCertificates(ca)],
    directory,
    checkDependencies,
    deadlineMs: assertWithin('deadlineMs', 1, settings.deadlineMs ?? DEADLINE_MS_DEFAULT),
    pauseMs: assertWithin('pauseMs', 0, settings.pauseMs ?? PAUSE_MS_DEFAULT),
    limits,
    nowMs: settings.nowMs ?? Date.now,
  };
};
