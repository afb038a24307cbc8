import { nameFromLiteral, Version } from './names.ts';
import { type EpochMs, formatInstant, SECOND_MS } from './time.ts';

/**
 * The version of an artifact that is built at `instant`, as in the published example: the day, the second since 1970 and
 * a counter, such as `20250728.1753666491.0`. A later second is a later version.
 */
export const artifactVersionAt = (instant: EpochMs): Version => {
  const day = formatInstant(instant).slice(0, 'YYYY-MM-DD'.length).replaceAll('-', '');
  return nameFromLiteral(Version)(`${day}.${Math.floor(instant / SECOND_MS)}.0`);
};
