/**
 * The Librarian as a service: its HTTP API, and a tick at every interval until it is asked to stop.
 *
 * @module
 */
import type { FastifyInstance } from 'fastify';
import * as E from 'fp-ts/lib/Either.js';
import { plus } from '../../domain/time.ts';
import { type Failure, formatFailure, unavailable } from '../failure.ts';
import type { ListenAddress } from '../listen-address.ts';
import { librarianServer } from './http.ts';
import { inFlight } from './in-flight.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { tick } from './tick.ts';

/** How the service runs. */
export interface ServiceOptions {
  readonly listen: ListenAddress;
  readonly tickEveryMs: number;
}

const listenOn = async (server: FastifyInstance, { host, port }: ListenAddress): Promise<E.Either<Failure, string>> => {
  try {
    return E.right(await server.listen({ host, port }));
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
  async ({ listen, tickEveryMs }: ServiceOptions, abort: AbortSignal): Promise<E.Either<Failure, void>> => {
    const work = inFlight();
    const server = librarianServer(ports, work);
    const listening = await listenOn(server, listen);
    if (E.isLeft(listening)) return listening;
    ports.log('info', 'listening', { address: listening.right });
    await tickUntil(ports, tickEveryMs, abort);
    await server.close();
    await work.settled();
    return E.right(undefined);
  };
