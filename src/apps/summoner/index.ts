/**
 * The Summoner: the agent on each node. Polls one key, waits its splay, runs chef-client, at least once in every window.
 *
 * @module
 */
export { type Log, type LogLevel, silentLog } from '../log.ts';
export { convergeWith } from './converge.ts';
export { foresee, type Look, summonOnce } from './once.ts';
export type { Operator } from './operator.ts';
export { type Outside, runSummoner } from './summoner.ts';
export { type Converge, type EndedRun, STATE_KEY, type SummonerPorts, type TakeUp } from './summoner-ports.ts';
