import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A bucket on this machine in which nothing changes. */
export interface PolledBucket {
  readonly endpoint: string;
  /** How often each path was read so far. */
  readonly reads: () => Promise<Readonly<Record<string, number>>>;
  readonly close: () => void;
}

/** What is in the bucket under every key: the published signal. */
const SIGNAL = readFileSync(new URL('../vectors/slack-signal.json', import.meta.url), 'utf8');
const ETAG = '"5eb63bbbe01eeed093cb22bb8f5acdc3"';

/** Keys that nobody checks. */
export const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

/** Where nobody asks for a region. */
export const REGION = 'us-east-1';

/** Starts the server. */
export const startPolledBucket = async (): Promise<PolledBucket> => {
  const server = fork(fileURLToPath(new URL('./polled-server.ts', import.meta.url)), [ETAG, SIGNAL], { execArgv: [] });
  const told = async (): Promise<unknown> => (await once(server, 'message'))[0] as unknown;
  const { port } = (await told()) as { readonly port: number };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    reads: async () => {
      server.send('reads');
      return ((await told()) as { readonly reads: Readonly<Record<string, number>> }).reads;
    },
    close: () => server.disconnect(),
  };
};
