/**
 * How the service is served, as the configuration says.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { Clock } from '../../../ports/clock.ts';
import type { LoadedConfig } from '../../cli/load.ts';
import { badData, type Failure } from '../../failure.ts';
import type { AuthSettings } from './auth-settings.ts';
import { authenticator } from './authentication.ts';
import { HTTP_LIMITS_DEFAULT, type HttpOptions, type TlsKeys } from './http-options.ts';

const keysOf = async ({ config: { tls }, pathOf }: LoadedConfig): Promise<E.Either<Failure, O.Option<TlsKeys>>> => {
  if (O.isNone(tls)) return E.right(O.none);
  try {
    const [certificate, key] = await Promise.all([
      readFile(pathOf(tls.value.certificate), 'utf8'),
      readFile(pathOf(tls.value.key), 'utf8'),
    ]);
    createSecureContext({ cert: certificate, key });
    return E.right(O.some({ certificate, key }));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return E.left(badData(`tls: expected a certificate and its key, as PEM: ${detail}`));
  }
};

/** What the configuration says of the HTTP service; reads the certificate and its key. */
export const configuredHttp = async (
  loaded: LoadedConfig,
  clock: Pick<Clock, 'now'>,
): Promise<E.Either<Failure, Omit<HttpOptions, 'work'>>> => {
  const { auth, behind_proxy: isBehindProxy, artifact_bytes_max, requests_per_minute } = loaded.config;
  return E.map((tls: O.Option<TlsKeys>): Omit<HttpOptions, 'work'> => ({
    authenticate: O.map((settings: AuthSettings) => authenticator(settings, clock))(auth),
    tls,
    isBehindProxy,
    limits: {
      ...HTTP_LIMITS_DEFAULT,
      artifactBytesMax: artifact_bytes_max,
      requestsPerMinute: requests_per_minute,
    },
  }))(await keysOf(loaded));
};
