import type { FastifyRequest } from 'fastify';
import { isLoopback } from '../../listen-address.ts';

/**
 * Why a request is not one that somebody on this machine made on purpose. A browser sends where a page came from as
 * `Origin`, and a page that had its name resolve to this machine betrays itself by `Host`. Only where nobody is asked who
 * they are does it matter: no page knows a token.
 */
export const foreignness = ({ headers, hostname }: FastifyRequest): string | undefined => {
  if (headers.origin !== undefined) return 'Origin: expected none, since no web page has business here';
  return isLoopback(hostname) ? undefined : 'Host: expected this machine, such as 127.0.0.1 or localhost';
};
