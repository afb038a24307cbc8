import * as O from 'fp-ts/lib/Option.js';
import { MINUTE_MS, SECOND_MS } from '../../../domain/time.ts';
import type { InFlight } from '../in-flight.ts';
import type { Authenticate } from './principal.ts';

/** The limits of the service. Bytes, and milliseconds. */
export interface HttpLimits {
  /** The largest document. */
  readonly jsonBytesMax: number;
  /** The largest artifact. */
  readonly artifactBytesMax: number;
  /** How long the header of a request may take to arrive … */
  readonly headerMs: number;
  /** … a document … */
  readonly jsonMs: number;
  /** … and a whole request, an artifact included. */
  readonly requestMs: number;
  /** How many requests a client may make in a minute. */
  readonly requestsPerMinute: number;
}

/** The limits unless somebody says otherwise. */
export const HTTP_LIMITS_DEFAULT: HttpLimits = {
  jsonBytesMax: 1024 ** 2,
  artifactBytesMax: 2 * 1024 ** 3,
  headerMs: 10 * SECOND_MS,
  jsonMs: 10 * SECOND_MS,
  requestMs: 10 * MINUTE_MS,
  requestsPerMinute: 600,
};

/** Certificate chain and private key, as PEM. */
export interface TlsKeys {
  readonly certificate: string;
  readonly key: string;
}

/** How the service is served. */
export interface HttpOptions {
  /** Says who is asking; none: nobody is asked, and only this machine may ask. */
  readonly authenticate: O.Option<Authenticate>;
  /** None: plain HTTP. */
  readonly tls: O.Option<TlsKeys>;
  /** Whether one proxy stands in front, whose word on where a request came from is taken. */
  readonly isBehindProxy: boolean;
  readonly limits: HttpLimits;
  /** Counts what requests have begun, so that whoever closes the server can wait for it. */
  readonly work: InFlight;
}

/** How the embedded default is served. */
export const HTTP_OPTIONS_DEFAULT: Omit<HttpOptions, 'work'> = {
  authenticate: O.none,
  tls: O.none,
  isBehindProxy: false,
  limits: HTTP_LIMITS_DEFAULT,
};
