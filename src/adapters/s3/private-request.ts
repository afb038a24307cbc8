import { isRecord } from '../../domain/decoding.ts';
import { mayGoWithoutTls, type S3Settings } from './settings.ts';

/**
 * The settings bind the request that goes out, not only themselves: an endpoint may come from the environment too.
 *
 * @param request - as the SDK has built it.
 * @throws TypeError when it would leave this machine without TLS, and nobody allowed that.
 */
export const assertPrivate = (request: unknown, settings: S3Settings): void => {
  if (!isRecord(request) || request['protocol'] !== 'http:') return;
  const hostname = String(request['hostname']);
  if (mayGoWithoutTls(settings, hostname)) return;
  throw new TypeError(`endpoint: expected https, got http://${hostname}; set allowHttp if that is meant`);
};
