/**
 * A forecast in words.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Forecast, Passage, Span, StillOutcome } from '../../domain/forecast.ts';
import type { Hold } from '../../domain/hold.ts';
import { explainOutcome } from '../../domain/outcome.ts';
import { formatInstant } from '../../domain/time.ts';

/** What an environment waits for, without when to ask again: a forecast says when that ends. */
export const explainStanding = (outcome: StillOutcome): string => explainOutcome({ ...outcome, retryAt: O.none });

/** Why a version is, or never comes, where it does; of `environment`, nothing is said but what differs from it. */
export const explainPassage = (environment: string, passage: Passage): string => {
  const where = 'environment' in passage && passage.environment !== environment ? `${passage.environment} is ` : '';
  switch (passage._tag) {
    case 'There':
      return 'there already';
    case 'Arrives':
      return passage.reason;
    case 'Rejected':
      return 'never: it is rejected';
    case 'Incomplete':
      return `never: it is not complete on ${passage.missingOn.join(', ')}`;
    case 'Overtaken':
      return `never: ${where}on ${passage.by} from ${formatInstant(passage.at)}`;
    case 'ByHand':
      return where === '' ? 'by hand only' : `by hand only: people promote ${passage.environment}`;
    case 'Stopped':
      return `never: ${where}${explainStanding(passage.outcome)}`;
    case 'BeyondHorizon':
      return `later: ${where}${explainStanding(passage.outcome)}`;
  }
};

/** A time during which an environment waits for the end of a hold. */
export type Bite = Pick<Span, 'environment' | 'from' | 'to'>;

/** When and where something waits for the end of `hold`. Where several hold, that is the one which lasts longest. */
export const bitesOf = ({ timelines }: Forecast, { id }: Hold): readonly Bite[] =>
  timelines.flatMap(({ spans }) =>
    spans.filter(
      ({ outcome }) => outcome._tag === 'Waiting' && outcome.reason._tag === 'Held' && outcome.reason.hold.id === id,
    ),
  );
