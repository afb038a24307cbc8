import type { TakeNodeLock } from './node-lock.ts';
import type { SummonerPorts } from './summoner-ports.ts';

/** The Summoner of a node as it is configured. */
export interface ConfiguredSummoner {
  readonly ports: SummonerPorts;
  readonly takeLock: TakeNodeLock;
  /** Whether a daemon of this node is alive. Never rejects. */
  readonly isServed: () => Promise<boolean>;
  /** Runs it as a daemon until it is asked to stop. */
  readonly serve: (ports: SummonerPorts) => Promise<void>;
}
