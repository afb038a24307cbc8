/**
 * The Summoner's commands: the agent, and one look of it.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { type RunOutcome, runOutcomeOf } from '../../domain/run-outcome.ts';
import { formatSignalRefusal } from '../../domain/signal.ts';
import type { SummonerDecision } from '../../domain/summoner.ts';
import { formatInstant } from '../../domain/time.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { ConfiguredSummoner } from './configured-summoner.ts';
import { aloneOnNode, type TakeNodeLock } from './node-lock.ts';
import { foresee, type Look, summonOnce } from './once.ts';
import { runSummoner } from './summoner.ts';
import type { SummonerPorts } from './summoner-ports.ts';

/** How the Summoner was called. */
export interface SummonerOptions {
  readonly isOnce: boolean;
  readonly isDry: boolean;
  readonly isJson: boolean;
}

const decisionJson = ({ action, reason, verdict, nextStartAt, nextCause, lookAgainAt }: SummonerDecision) => ({
  action: action._tag,
  reason: reason._tag,
  version: action._tag === 'Start' ? O.toNullable(action.running.version) : null,
  verdict: O.isSome(verdict) ? verdict.value._tag : null,
  refusal: O.isSome(verdict) && verdict.value._tag === 'Refused' ? formatSignalRefusal(verdict.value.refusal) : null,
  next_start_at: O.isSome(nextStartAt) ? formatInstant(nextStartAt.value) : null,
  next_cause: O.isSome(nextCause) ? nextCause.value._tag : null,
  look_again_at: formatInstant(lookAgainAt),
});

const outcomeOf = ({ policy }: SummonerPorts, { ended }: Look): RunOutcome | undefined =>
  ended === undefined ? undefined : runOutcomeOf(ended.end, ended.cause._tag === 'Upgraded', policy.outcomes);

const outcomeName = (outcome: RunOutcome): string => (outcome._tag === 'Failed' ? outcome.name : outcome._tag);

const outcomeText = (outcome: RunOutcome): string => {
  switch (outcome._tag) {
    case 'Succeeded':
      return outcome.rebootPending ? 'the run succeeded, a reboot is pending' : 'the run succeeded';
    case 'Upgraded':
      return 'the client upgraded itself and is to be run again';
    case 'Failed':
      return `the run failed: ${outcome.detail}`;
  }
};

const print = (terminal: Terminal, decision: SummonerDecision, outcome: RunOutcome | undefined, isJson: boolean) => {
  const json = { ...decisionJson(decision), outcome: outcome === undefined ? null : outcomeName(outcome) };
  if (isJson) terminal.out(JSON.stringify(json));
  else {
    const when = json.next_start_at === null ? '' : `; the next run starts at ${json.next_start_at}`;
    const refusal = json.refusal === null ? '' : `; signal refused: ${json.refusal}`;
    const end = outcome === undefined ? '' : `; ${outcomeText(outcome)}`;
    terminal.out(`${json.action} (${json.reason})${when}${refusal}${end}`);
  }
};

/** A run that was stopped before it was done says nothing about the node: the same again is right. */
const exitCodeOf = (outcome: RunOutcome | undefined): ExitCode => {
  switch (outcome?._tag) {
    case undefined:
    case 'Succeeded':
      return EXIT.done;
    case 'Upgraded':
      return EXIT.tryAgain;
    case 'Failed':
      return outcome.name === 'Interrupted' ? EXIT.tryAgain : EXIT.failed;
  }
};

const lookOnce = async (ports: SummonerPorts, terminal: Terminal, isJson: boolean): Promise<ExitCode> => {
  const look = await summonOnce(ports, terminal.abort);
  const outcome = outcomeOf(ports, look);
  print(terminal, look.decision, outcome, isJson);
  return exitCodeOf(outcome);
};

/**
 * `signalbox summoner`; a dry run needs no lock, since it changes nothing.
 *
 * @param serve - the agent, until it is asked to stop.
 * @param isServed - whether another one is alive.
 */
export const summonerCommand = async (
  ports: SummonerPorts,
  takeLock: TakeNodeLock,
  terminal: Terminal,
  { isOnce, isDry, isJson }: SummonerOptions,
  {
    serve = (given) => runSummoner(given, terminal.abort),
    isServed = () => Promise.resolve(false),
  }: Partial<Pick<ConfiguredSummoner, 'serve' | 'isServed'>> = {},
): Promise<ExitCode> => {
  if (isDry) {
    print(terminal, await foresee(ports, await isServed()), undefined, isJson);
    return EXIT.done;
  }
  return aloneOnNode(takeLock, terminal, async () => {
    if (isOnce) return lookOnce(ports, terminal, isJson);
    await serve(ports);
    return EXIT.done;
  });
};
