/**
 * The Librarian as a service: its HTTP API, and a tick at every interval until it is asked to stop.
 *
 * @module
 */
import type { FastifyInstance } from 'fastify';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { plus } from '../../domain/time.ts';
import { badData, type Failure, formatFailure, unavailable } from '../failure.ts';
import { isLoopback, librarianServer, parseListen } from './http.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { tick } from './tick.ts';

/** How the service runs. */
export interface ServiceOptions {
  /** `host:port`; the host must be of this machine, since the service asks nobody who they are. */
  readonly listen: string;
  readonly tickEveryMs: number;
}

const listenOn = async (server: FastifyInstance, listen: string): Promise<E.Either<Failure, string>> => {
  const address = parseListen(listen);
  if (O.isNone(address)) return E.left(badData(`listen: expected host:port, got ${listen}`));
  if (!isLoopback(address.value.host)) {
    return E.left(
      badData(
        `listen: expected an address of this machine, such as 127.0.0.1, got ${address.value.host}: there is no authentication yet`,
      ),
    );
  }
  try {
    return E.right(await server.listen(address.value));
  } catch (error) {
    return E.left(unavailable(`listen: ${listen}: ${String(error)}`));
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

/** Serves and ticks until `abort`. */
export const serve =
  (ports: LibrarianPorts) =>
  async ({ listen, tickEveryMs }: ServiceOptions, abort: AbortSignal): Promise<E.Either<Failure, void>> => {
    const server = librarianServer(ports);
    const listening = await listenOn(server, listen);
    if (E.isLeft(listening)) return listening;
    ports.log('info', 'listening', { address: listening.right });
    await tickUntil(ports, tickEveryMs, abort);
    await server.close();
    return E.right(undefined);
  };
