import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { DEADLINE_MS_DEFAULT, type S3Settings } from './settings.ts';

/**
 * A connection that idles so long is closed, in milliseconds: well before load balancers and address translators forget it
 * without a word, which would cost the next poll its whole deadline.
 */
const IDLE_MS_MAX = 15_000;

const CONNECTIONS_MAX = 50;

const ignore = (): void => undefined;

/** What goes wrong is an answer; without this the SDK writes some of it to the console as well. */
export const SILENT = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

/** How requests leave this machine, those for credentials as those to the bucket. */
export const requestHandlerOf = (settings: S3Settings): NonNullable<S3ClientConfig['requestHandler']> => {
  const { deadlineMs = DEADLINE_MS_DEFAULT, proxyEnvironment } = settings;
  const agent = {
    keepAlive: true,
    maxSockets: CONNECTIONS_MAX,
    timeout: IDLE_MS_MAX,
    ...(proxyEnvironment === undefined ? {} : { proxyEnv: proxyEnvironment }),
  };
  return {
    httpAgent: agent,
    httpsAgent: agent,
    logger: SILENT,
    // Whoever comes while credentials are fetched waits for the same answer, however many deadlines that takes: a fetch that
    // is never answered would be the last (fault 6).
    requestTimeout: deadlineMs,
    throwOnRequestTimeout: true,
  };
};
