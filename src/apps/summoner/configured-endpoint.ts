import * as O from 'fp-ts/lib/Option.js';
import type { LoadedConfig } from '../cli/load.ts';
import { formatListenAddress } from '../listen-address.ts';
import type { Log } from '../log.ts';

/** The endpoint for metrics, which is where the configuration says. */
export interface ConfiguredEndpoint {
  /** Listens where one is configured, and nowhere else any more; tries again what failed before. Never rejects. */
  readonly listen: (loaded: LoadedConfig) => Promise<void>;
  readonly close: () => void;
}

/** An endpoint that answers with `text`, and moves when the configuration that is loaded again says so. */
export const configuredEndpoint = (text: () => string, log: Log): ConfiguredEndpoint => {
  let at = '';
  let close = (): void => undefined;
  let trouble = '';
  return {
    listen: async ({ config: { metrics_listen: listen } }: LoadedConfig): Promise<void> => {
      const wanted = O.isSome(listen) ? formatListenAddress(listen.value) : '';
      if (wanted === at) return;
      close();
      [at, close] = ['', () => undefined];
      if (O.isNone(listen)) return;
      const { serveMetrics } = await import('./metrics-endpoint.ts');
      const endpoint = await serveMetrics(listen.value, text);
      if (endpoint._tag === 'Failed') {
        const { detail } = endpoint;
        if (detail !== trouble) log('error', 'metrics are not served', { detail });
        trouble = detail;
      } else {
        trouble = '';
        [at, close] = [wanted, endpoint.close];
        log('info', 'metrics are served', { host: listen.value.host, port: endpoint.port });
      }
    },
    close: () => close(),
  };
};
