/**
 * The demo's output for people: one line for each departure, and one for whatever else happens.
 *
 * @module
 */
import type { EnvironmentName, Version } from '../../domain/names.ts';
import { type EpochMs, formatDuration, formatInstant, HOUR_MS, MINUTE_MS } from '../../domain/time.ts';
import type { DepartureRow } from './conductor.ts';
import type { Claim } from './proof.ts';
import type { Figures } from './tally.ts';

/** Writes the board line by line. */
export interface BoardWriter {
  readonly heading: (environments: readonly EnvironmentName[]) => void;
  readonly artifact: (version: Version, note: string) => void;
  readonly departure: (row: DepartureRow) => void;
  readonly event: (at: EpochMs, text: string) => void;
  readonly ending: (figures: Figures, claims: readonly Claim[]) => void;
}

const COLUMN = 9;

/** A, B, C … in order of arrival, then AA, AB …; the version that everything starts on is Z. */
const letterOf = (nth: number): string => {
  if (nth === 0) return 'Z';
  const index = nth - 1;
  // Z is taken, so the alphabet of arrivals ends with Y.
  const last = String.fromCharCode(65 + (index % 25));
  return index < 25 ? last : letterOf(Math.floor(index / 25)) + last;
};

/**
 * A board that writes to `write`.
 *
 * @param start - X of the timetable, which times are shown relative to.
 * @param isColoured - whether promotions are set in bold; otherwise a star marks them.
 */
export const boardWriter = (write: (line: string) => void, start: EpochMs, isColoured: boolean): BoardWriter => {
  const letters = new Map<Version | 'split', string>([['split', '?']]);
  const shown = (version: Version | 'split'): string => letters.get(version) ?? version;

  const relative = (at: EpochMs): string => {
    const minutes = Math.floor(Math.abs(at - start) / MINUTE_MS);
    const sign = at < start ? '-' : '+';
    return `X${sign}${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`.padEnd(COLUMN);
  };
  const cell = (text: string, isPromoted: boolean): string => {
    const marked = isPromoted && !isColoured ? `${text}*` : text;
    const padded = marked.padEnd(COLUMN);
    return isPromoted && isColoured ? `\u001b[1;32m${padded}\u001b[0m` : padded;
  };

  return {
    heading: (environments) => {
      write('');
      write(`${''.padEnd(COLUMN)}${environments.map((name) => name.padEnd(COLUMN)).join('')}`);
    },
    artifact: (version, note) => {
      const letter = letterOf(letters.size - 1);
      letters.set(version, letter);
      write(`${''.padEnd(COLUMN)}artifact ${letter} = ${version} arrived${note}`);
    },
    departure: ({ at, pins, promoted }) => {
      const moved = new Set(promoted.map(({ environment }) => environment));
      write(`${relative(at)}${[...pins].map(([name, version]) => cell(shown(version), moved.has(name))).join('')}`);
    },
    event: (at, text) => {
      write(`${relative(at)}${text}`);
    },
    ending: (figures, claims) => {
      write('');
      write(`runs                    ${figures.runs}, of which ${figures.failures} failed`);
      write(`runs by the fallback    ${figures.fallbackRuns}`);
      write(`signals accepted        ${figures.signalsAccepted}`);
      write(`looks without a run     ${figures.dedups} (dedup)`);
      write(`widest start peak       ${figures.startPeak} starts in one minute`);
      write(`longest gap             ${formatDuration(Math.ceil(figures.longestGapMs / MINUTE_MS) * MINUTE_MS)}`);
      write('');
      for (const { claim, holds, detail } of claims) {
        write(`${holds ? 'proved' : 'BROKEN'}  ${claim}${detail === '' ? '' : `: ${detail}`}`);
      }
    },
  };
};

/** A row as `--json` prints it. */
export const rowJson = ({ at, pins }: DepartureRow): string =>
  JSON.stringify({ at: formatInstant(at), pins: Object.fromEntries(pins) });

/** Simulated hours per real second, in words. */
export const describePace = (factor: number): string => `one hour takes ${(HOUR_MS / factor / 1000).toFixed(1)} s`;
