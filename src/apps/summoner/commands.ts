/**
 * The Summoner's commands: the agent, and one look of it.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { formatSignalRefusal } from '../../domain/signal.ts';
import type { SummonerDecision } from '../../domain/summoner.ts';
import { formatInstant } from '../../domain/time.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import type { Terminal } from '../cli/terminal.ts';
import { runSummoner, summonOnce } from './summoner.ts';
import type { SummonerPorts } from './summoner-ports.ts';

/** How the Summoner was called. */
export interface SummonerOptions {
  readonly isOnce: boolean;
  readonly isDry: boolean;
  readonly isJson: boolean;
}

const decisionJson = ({ action, reason, verdict, nextStartAt, lookAgainAt }: SummonerDecision) => ({
  action: action._tag,
  reason: reason._tag,
  version: action._tag === 'Start' ? O.toNullable(action.running.version) : null,
  verdict: O.isSome(verdict) ? verdict.value._tag : null,
  refusal: O.isSome(verdict) && verdict.value._tag === 'Refused' ? formatSignalRefusal(verdict.value.refusal) : null,
  next_start_at: O.isSome(nextStartAt) ? formatInstant(nextStartAt.value) : null,
  look_again_at: formatInstant(lookAgainAt),
});

const print = (terminal: Terminal, decision: SummonerDecision, isJson: boolean): void => {
  const json = decisionJson(decision);
  if (isJson) terminal.out(JSON.stringify(json));
  else {
    const when = json.next_start_at === null ? '' : `; the next run starts at ${json.next_start_at}`;
    const refusal = json.refusal === null ? '' : `; signal refused: ${json.refusal}`;
    terminal.out(`${json.action} (${json.reason})${when}${refusal}`);
  }
};

/** `signalbox summoner` */
export const summonerCommand = async (
  ports: SummonerPorts,
  terminal: Terminal,
  { isOnce, isDry, isJson }: SummonerOptions,
): Promise<ExitCode> => {
  if (isOnce || isDry) {
    print(terminal, await summonOnce(ports, isDry), isJson);
    return EXIT.done;
  }
  await runSummoner(ports, terminal.abort);
  return EXIT.done;
};
