/**
 * One radosgw for a whole run of the tests, started by the first test that asks for it and by none when none does. The
 * process that outlives all tests keeps it; tests ask over the loopback interface.
 *
 * @module
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { TestProject } from 'vitest/node';
import { missingForRadosgw, type RunningS3Server, startRadosgw } from './radosgw.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where to ask for the run's radosgw. */
    readonly radosgwOnDemand: string;
  }
}

/** What a test is told: the server, or why there is none. */
const answer = async (start: () => Promise<RunningS3Server>): Promise<object> => {
  const missing = missingForRadosgw();
  if (missing.length > 0) return { absent: `not installed: ${missing.join(', ')}` };
  const { endpoint, region, accessKeyId, secretAccessKey } = await start();
  return { endpoint, region, accessKeyId, secretAccessKey };
};

export default async (project: TestProject): Promise<() => Promise<void>> => {
  let starting: Promise<RunningS3Server> | undefined;
  const server = createServer((_request, response) => {
    void answer(() => (starting ??= startRadosgw())).then(
      (known) => response.writeHead(200).end(JSON.stringify(known)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  project.provide('radosgwOnDemand', `http://127.0.0.1:${address.port}/`);
  return async () => {
    server.close();
    const running = await starting?.catch(() => undefined);
    await running?.stop();
  };
};
