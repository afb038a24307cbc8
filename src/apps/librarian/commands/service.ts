/**
 * `signalbox librarian`: the service.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import { fail } from '../../cli/command.ts';
import { EXIT, type ExitCode } from '../../cli/exit-code.ts';
import type { LoadedConfig } from '../../cli/load.ts';
import type { Terminal } from '../../cli/terminal.ts';
import type { LibrarianPorts } from '../librarian-ports.ts';

/** `signalbox librarian` */
export const librarian = async (ports: LibrarianPorts, terminal: Terminal, loaded: LoadedConfig): Promise<ExitCode> => {
  // Only the service needs a server; every other command is there sooner, and smaller, without.
  const [{ configuredHttp }, { serve }] = await Promise.all([import('../http/configured.ts'), import('../service.ts')]);
  const http = await configuredHttp(loaded, ports.clock);
  if (E.isLeft(http)) return fail(terminal, http.left, EXIT.badConfiguration);
  const { listen, tick_every: tickEveryMs, watch_every: watchEveryMs } = loaded.config;
  const { metered } = await import('../metered.ts');
  const served = await serve(metered(ports))({ listen, tickEveryMs, watchEveryMs, http: http.right }, terminal.abort);
  return E.isLeft(served) ? fail(terminal, served.left) : EXIT.done;
};
