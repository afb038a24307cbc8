/**
 * The operator's commands on a node.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { Person } from '../../domain/control-state.ts';
import { parseName } from '../../domain/names.ts';
import { encodeNodeRequest, type NodeAsk, type NodeRequest } from '../../domain/node-request.ts';
import { nodeStatusToJson } from '../../domain/node-status.ts';
import { type EpochMs, formatInstant, plus, SECOND_MS } from '../../domain/time.ts';
import { fail } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { table } from '../cli/table.ts';
import type { Terminal } from '../cli/terminal.ts';
import { badData, unavailable } from '../failure.ts';
import { answerOf, type NoAnswer, type NodeAnswer, type SummonerPresence } from './node-answer.ts';
import type { NodePorts } from './node-ports.ts';
import { nodeRows, relative } from './node-text.ts';

const cannotTell = (terminal: Terminal, { isPermitted, detail }: NoAnswer): ExitCode =>
  fail(terminal, unavailable(detail), isPermitted ? EXIT.unavailable : EXIT.notPermitted);

const waitingJson = ({ ask, askedAt, by }: NodeRequest) => ({ ask: ask._tag, asked: formatInstant(askedAt), by });

const answerJson = ({ presence, status, waiting }: NodeAnswer) => ({
  summoner: presence,
  ...nodeStatusToJson(status),
  waiting: waiting.map(waitingJson),
});

/** `signalbox node status`. */
export const nodeStatus = async (ports: NodePorts, terminal: Terminal, isJson: boolean): Promise<ExitCode> => {
  const answer = await answerOf(ports);
  if (E.isLeft(answer)) return cannotTell(terminal, answer.left);
  if (isJson) {
    terminal.out(JSON.stringify(answerJson(answer.right)));
    return EXIT.done;
  }
  const { node, stack, environment } = answer.right.status;
  terminal.out(`${node} in ${stack}/${environment}`);
  for (const line of table(nodeRows(answer.right, ports.clock.now()))) terminal.out(`  ${line}`);
  return EXIT.done;
};

/** What to ask for, before it is known when and by whom. */
export type AskOptions =
  | {
      readonly _tag: 'Disable';
      readonly reason: string;
      /** Who to ask; none: whoever runs the command. */
      readonly owner: O.Option<string>;
      readonly forMs: number;
      readonly floorToo: boolean;
    }
  | { readonly _tag: 'Enable' }
  | { readonly _tag: 'RunNow'; readonly reason: O.Option<string> };

const askOf = (options: AskOptions, by: string, now: EpochMs): NodeAsk => {
  switch (options._tag) {
    case 'Enable':
    case 'RunNow':
      return { _tag: options._tag };
    case 'Disable': {
      const { reason, owner, forMs, floorToo } = options;
      const disabling = { reason, owner: O.getOrElse(() => by)(owner), until: plus(now, forMs), floorToo };
      return { _tag: 'Disable', disabling };
    }
  }
};

const requestOf = (options: AskOptions, by: string, now: EpochMs): NodeRequest => ({
  ask: askOf(options, by, now),
  askedAt: now,
  by,
  reason: options._tag === 'RunNow' ? options.reason : O.none,
});

/** A Summoner that is alive takes a request in at once, or when the poll that is under way has been answered. */
const TAKEN_MS_MAX = 10 * SECOND_MS;
const LOOK_MS = 50;

/** Waits until a Summoner that is alive has taken the request in. */
const isTaken = async ({ requests, clock }: NodePorts, name: string, abort: AbortSignal): Promise<boolean> => {
  const startedMs = clock.elapsedMs();
  while (!abort.aborted && clock.elapsedMs() - startedMs < TAKEN_MS_MAX) {
    if (!(await requests.isThere(name))) return true;
    await clock.sleepUntil(plus(clock.now(), LOOK_MS), abort);
  }
  return false;
};

const NAMES: Readonly<Record<NodeAsk['_tag'], string>> = {
  Disable: 'to be disabled',
  Enable: 'to be enabled',
  RunNow: 'to run now',
};

const whenTaken = (presence: SummonerPresence, taken: boolean): string => {
  if (taken) return 'the Summoner has taken it in';
  switch (presence) {
    case 'NotRunning':
      return 'no Summoner runs here: the next one takes it in before it starts anything';
    case 'Running':
    case 'Stalled':
      return 'the Summoner has not taken it in yet; it does before it starts anything';
    case 'Unknown':
      return 'whether a Summoner runs cannot be seen from here; it takes it in before it starts anything';
  }
};

const consequence = (ask: NodeAsk, { status }: NodeAnswer, now: EpochMs): string => {
  switch (ask._tag) {
    case 'Disable': {
      const { until, floorToo } = ask.disabling;
      return `; until ${relative(until, now)} no signal or request starts a run, and the floor ${floorToo ? 'neither' : 'does all the same'}`;
    }
    case 'RunNow':
      return O.isSome(status.disabled) && now < status.disabled.value.until
        ? `; the node is disabled until ${relative(status.disabled.value.until, now)}, and runs then or when it is enabled`
        : '';
    case 'Enable':
      return '';
  }
};

const isAlive = (presence: SummonerPresence): boolean => presence === 'Running' || presence === 'Stalled';

/**
 * `signalbox node disable`, `enable` and `run-now`: leaves the request, and sees that a Summoner which is alive takes it in.
 */
export const nodeAsk = async (
  ports: NodePorts,
  terminal: Terminal,
  options: AskOptions,
  isJson: boolean,
): Promise<ExitCode> => {
  const { environment, abort } = terminal;
  const by = parseName(Person)(environment['SUDO_USER'] || environment['USER'] || 'unknown');
  if (E.isLeft(by)) return fail(terminal, badData(`USER: ${by.left}`), EXIT.usage);
  const answer = await answerOf(ports);
  const now = ports.clock.now();
  const request = requestOf(options, by.right, now);
  const left = await ports.requests.put(encodeNodeRequest(request), now);
  switch (left._tag) {
    case 'NotPermitted':
      return fail(terminal, unavailable(left.detail), EXIT.notPermitted);
    case 'Failed':
      return fail(terminal, unavailable(left.detail));
    case 'Left':
      break;
  }
  const presence = E.isRight(answer) ? answer.right.presence : 'Unknown';
  const taken = isAlive(presence) && (await isTaken(ports, left.name, abort));
  const { ask } = request;
  if (isJson) {
    const until = ask._tag === 'Disable' ? formatInstant(ask.disabling.until) : null;
    terminal.out(JSON.stringify({ ask: ask._tag, asked: formatInstant(now), until, summoner: presence, taken }));
  } else {
    const then = E.isRight(answer) ? consequence(ask, answer.right, now) : '';
    terminal.out(`asked ${NAMES[ask._tag]}: ${whenTaken(presence, taken)}${then}`);
  }
  return taken || !isAlive(presence) ? EXIT.done : EXIT.tryAgain;
};
