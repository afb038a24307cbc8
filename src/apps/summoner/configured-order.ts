/**
 * What a node runs to converge, as the configuration says.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { APPLIERS } from '../../domain/applier.ts';
import type { ProcessOrder } from '../../ports/process-runner.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { Config } from '../config.ts';
import { badData, type Failure } from '../failure.ts';

const OUTPUT_TAIL_BYTES = 16_384;

/** What the service manager has told this process: a run that spoke in its name could call a dead agent alive. */
const SERVICE_VARIABLES = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'];

/** What the converge sees of the environment: all of it, a proxy for one, but what is ours. */
const inherited = (environment: Terminal['environment']): ProcessOrder['env'] =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || name.startsWith('SIGNALBOX_') || SERVICE_VARIABLES.includes(name) ? [] : [[name, value]],
    ),
  );

/** The converge of a node, which starts in `environment`; a configuration that names none is refused. */
export const orderFrom = (config: Config, environment: Terminal['environment']): E.Either<Failure, ProcessOrder> => {
  const [command, ...args] = O.toUndefined(config.command) ?? APPLIERS[config.applier].command ?? [];
  if (command === undefined) {
    return E.left(
      badData(`command: expected an executable and its arguments, which ${config.applier} cannot do without`),
    );
  }
  return E.right({
    command,
    args,
    env: inherited(environment),
    timeLimitMs: config.run_time_limit,
    graceMs: config.run_grace,
    outputTailBytes: OUTPUT_TAIL_BYTES,
  });
};
