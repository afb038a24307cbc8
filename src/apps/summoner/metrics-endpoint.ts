/**
 * Answers `GET /metrics` on this machine.
 *
 * @module
 */
import { createServer } from 'node:http';
import type { ListenAddress } from '../listen-address.ts';
import { METRICS_CONTENT_TYPE } from './metrics.ts';

/** An endpoint that answers, or why there is none. */
export type MetricsEndpoint =
  | { readonly _tag: 'Listening'; readonly port: number; readonly close: () => void }
  | { readonly _tag: 'Failed'; readonly detail: string };

/** Nobody waits longer for an answer that is there already, in milliseconds. */
const REQUEST_MS_MAX = 5_000;

/** Node looks for those who keep a connection and ask nothing every 30 seconds, unless it is told otherwise. */
const CHECK_EVERY_MS = 1_000;

/** So many collectors at once. */
const CONNECTIONS_MAX = 8;

/** Listens at `address`. Never rejects, and keeps no process alive. */
export const serveMetrics = ({ host, port }: ListenAddress, text: () => string): Promise<MetricsEndpoint> =>
  new Promise((resolve) => {
    const server = createServer(
      {
        requestTimeout: REQUEST_MS_MAX,
        headersTimeout: REQUEST_MS_MAX,
        keepAliveTimeout: REQUEST_MS_MAX,
        connectionsCheckingInterval: CHECK_EVERY_MS,
      },
      (request, response) => {
        const [path] = request.url?.split('?', 1) ?? [];
        const isKnown = path === '/metrics' && (request.method === 'GET' || request.method === 'HEAD');
        response.writeHead(isKnown ? 200 : 404, { 'content-type': isKnown ? METRICS_CONTENT_TYPE : 'text/plain' });
        response.end(isKnown ? text() : 'expected GET /metrics\n');
      },
    );
    server.maxConnections = CONNECTIONS_MAX;
    server.on('error', (error) => resolve({ _tag: 'Failed', detail: error.message }));
    server.listen(port, host, () => {
      const address = server.address();
      resolve({
        _tag: 'Listening',
        port: typeof address === 'object' && address !== null ? address.port : port,
        close: () => {
          server.close();
          server.closeAllConnections();
        },
      });
    });
    server.unref();
  });
