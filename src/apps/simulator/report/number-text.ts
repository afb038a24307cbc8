/**
 * Numbers, durations and instants as people read them.
 *
 * @module
 */
import { type EpochMs, formatDuration, formatInstant, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../domain/time.ts';
import { type Markup, markup } from './markup.ts';

const THIN_SPACE = '\u202f';

/** A count, its thousands apart: `4 200`. */
export const countText = (count: number): string => String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, THIN_SPACE);

/** `1 node`, `2 nodes`. */
export const countOf = (count: number, one: string, many = `${one}s`): string =>
  `${countText(count)}${THIN_SPACE}${count === 1 ? one : many}`;

/**
 * A share in percent. Only none of them is `0 %` and only all of them `100 %`: a rounded one would hide the node that
 * matters.
 */
export const percentText = (part: number, whole: number): string => {
  if (whole <= 0) return '–';
  const percent = (100 * part) / whole;
  const shown =
    percent > 0 && percent < 1
      ? '<1'
      : percent > 99 && percent < 100
        ? '>99'
        : String(Math.round(Math.min(Math.max(percent, 0), 100)));
  return `${shown}${THIN_SPACE}%`;
};

/** A duration without the digits that nobody compares: whole minutes from an hour on, whole seconds below. */
export const durationText = (durationMs: number): string => {
  const unitMs = durationMs >= HOUR_MS ? MINUTE_MS : SECOND_MS;
  return formatDuration(Math.floor(durationMs / unitMs) * unitMs);
};

/** An instant as it stands in a table: `2026-08-03 06:00:00`, in UTC. */
export const instantMarkup = (at: EpochMs): Markup =>
  markup`<time datetime="${formatInstant(at)}">${formatInstant(at).slice(0, 19).replace('T', ' ')}</time>`;

/** A number for a path or a style: at most three decimals, none where there are none. */
export const coordinate = (value: number): string => String(Math.round(value * 1000) / 1000);
