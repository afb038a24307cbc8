import * as E from 'fp-ts/lib/Either.js';
import { decodeSignal } from '../../domain/signal.ts';
import type { Observation } from '../../domain/summoner.ts';
import type { SignalReading } from '../../ports/signal-bus.ts';
import type { SummonerPorts } from './summoner-ports.ts';

/** What a reading of the bus shows, decoded. */
export const observationOf = (reading: SignalReading): Observation => {
  switch (reading._tag) {
    case 'Fresh': {
      const decoded = decodeSignal(reading.body);
      return E.isRight(decoded)
        ? { _tag: 'Fresh', signal: decoded.right, revision: reading.revision }
        : { _tag: 'Malformed', refusal: decoded.left };
    }
    case 'Malformed':
      return { _tag: 'Malformed', refusal: { _tag: 'NotJson', detail: reading.detail } };
    case 'Unchanged':
      return { _tag: 'Unchanged' };
    case 'Missing':
      return { _tag: 'Missing' };
    case 'Denied':
      return { _tag: 'Denied' };
    case 'Unavailable':
      return { _tag: 'Unavailable' };
  }
};

/** One look at the node's key, conditional on the revision that it knows. */
export const observe = async (
  { bus, policy, log }: Pick<SummonerPorts, 'bus' | 'policy' | 'log'>,
  known: string | undefined,
): Promise<Observation> => {
  const reading = await bus.read(policy.identity, known);
  if (reading._tag === 'Denied' || reading._tag === 'Unavailable' || reading._tag === 'Malformed') {
    log('warn', 'poll failed', { outcome: reading._tag, detail: reading.detail });
  }
  return observationOf(reading);
};
