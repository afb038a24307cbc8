/**
 * `signalbox hold`: stops promotions in a scope, and lets them go on.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { HoldScope } from '../../../domain/hold.ts';
import { formatHold } from '../../../domain/hold-text.ts';
import type { Slug } from '../../../domain/names.ts';
import { plus } from '../../../domain/time.ts';
import { EXIT, type ExitCode } from '../../cli/exit-code.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { addHold, liftHold } from '../intervene.ts';
import type { LibrarianPorts } from '../librarian-ports.ts';
import { holdsJson } from '../report-json.ts';
import { holds } from '../status.ts';
import { ask, askAs, printJson, printTable } from './ask.ts';

/** What `signalbox hold add` was asked. */
export interface HoldOptions {
  readonly id: Slug;
  readonly scope: HoldScope;
  readonly reason: string;
  readonly owner: O.Option<string>;
  /** From now, in milliseconds; none: until it is lifted. */
  readonly expiresInMs: O.Option<number>;
}

/** `signalbox hold add` */
export const holdAdd = (ports: LibrarianPorts, terminal: Terminal, options: HoldOptions): Promise<ExitCode> =>
  askAs(
    terminal,
    options.reason,
    (asker) => {
      const { id, scope, reason, owner, expiresInMs } = options;
      const expiresAt = O.map((ms: number) => plus(ports.clock.now(), ms))(expiresInMs);
      return addHold(ports)(asker, { id, scope, reason, owner: O.getOrElse(() => asker.who)(owner), expiresAt });
    },
    (hold) => {
      terminal.out(`hold ${hold.id} added: ${formatHold(hold)}`);
      return EXIT.done;
    },
  );

/** `signalbox hold lift` */
export const holdLift = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { id, reason }: { readonly id: Slug; readonly reason: string },
): Promise<ExitCode> =>
  askAs(
    terminal,
    reason,
    (asker) => liftHold(ports)(asker, id),
    () => {
      terminal.out(`hold ${id} lifted`);
      return EXIT.done;
    },
  );

/** `signalbox hold list` */
export const holdList = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { isJson }: { readonly isJson: boolean },
): Promise<ExitCode> =>
  ask(terminal, holds(ports), ({ holds: all }) => {
    if (isJson) printJson(terminal, holdsJson(all));
    else printTable(terminal, [['id', 'hold'], ...all.map((hold) => [hold.id, formatHold(hold)])]);
    return EXIT.done;
  });
