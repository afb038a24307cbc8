/**
 * The Librarian as a service: its HTTP API, a tick at every interval, and its inbox, until it is asked to stop.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { MINUTE_MS, plus } from '../../domain/time.ts';
import { type Failure, formatFailure, unavailable } from '../failure.ts';
import type { ListenAddress } from '../listen-address.ts';
import type { HttpOptions } from './http/http-options.ts';
import { deliverNotices } from './deliver-notices.ts';
import { librarianServer } from './http/server.ts';
import { inFlight } from './in-flight.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { tick } from './tick.ts';
import { reportUploads } from './uploads.ts';
import { watchInbox } from './watch-inbox.ts';

/** How the service runs. */
export interface ServiceOptions {
  readonly listen: ListenAddress;
  readonly tickEveryMs: number;
  /** How often it looks into the inbox, where it has one; a minute by default. */
  readonly watchEveryMs?: number;
  /** How the API is served; on this machine only, by default. */
  readonly http?: Partial<HttpOptions>;
}

const listenOn = async (
  server: FastifyInstance,
  { host, port }: ListenAddress,
  isEncrypted: boolean,
): Promise<E.Either<Failure, string>> => {
  try {
    const address = await server.listen({ host, port });
    return E.right(isEncrypted ? address.replace('http:', 'https:') : address);
  } catch (error) {
    return E.left(unavailable(`listen: ${host}, port ${port}: ${String(error)}`));
  }
};

const tickUntil = async (ports: LibrarianPorts, everyMs: number, abort: AbortSignal): Promise<void> => {
  while (!abort.aborted) {
    try {
      const ticked = await tick(ports)();
      if (E.isLeft(ticked)) ports.log('error', 'tick failed', { detail: formatFailure(ticked.left) });
    } catch (defect) {
      ports.log('error', 'a tick failed by a defect', { detail: String(defect) });
    }
    await ports.clock.sleepUntil(plus(ports.clock.now(), everyMs), abort);
  }
};

/** Serves and ticks until `abort`; what requests have begun is finished or taken back before it resolves. */
export const serve =
  (ports: LibrarianPorts) =>
  async (
    { listen, tickEveryMs, watchEveryMs = MINUTE_MS, http = {} }: ServiceOptions,
    abort: AbortSignal,
  ): Promise<E.Either<Failure, void>> => {
    const work = inFlight();
    const server = librarianServer(ports, { ...http, work });
    const listening = await listenOn(server, listen, http.tls !== undefined && O.isSome(http.tls));
    if (E.isLeft(listening)) return listening;
    ports.log('info', 'listening', { address: listening.right });
    const holder = randomUUID();
    const { inbox } = ports;
    // What is being taken in when the service is to end may take its time, and keeps no connection open.
    if (inbox !== undefined) void work.track(watchInbox(ports)({ inbox, everyMs: watchEveryMs, holder }, abort));
    await Promise.all([
      tickUntil(ports, tickEveryMs, abort),
      reportUploads(ports, holder, abort),
      deliverNotices(ports, abort),
    ]);
    await server.close();
    await work.settled();
    return E.right(undefined);
  };
