/**
 * The first chart: which version each environment was pinned to.
 *
 * @module
 */
import { compareVersions } from '../../../domain/names.ts';
import type { Timeline } from '../simulation-result.ts';
import type { Axis } from './axis.ts';
import { type Chart, path, type Row } from './chart.ts';
import { foldedTable } from './data-table.ts';
import { type Markup, markup, NOTHING } from './markup.ts';
import { coordinate, countOf, instantMarkup } from './number-text.ts';
import { percentOf, type TimeScale } from './time-scale.ts';
import { type Band, versionWays, type VersionWay } from './version-bands.ts';
import { type NamedVersion, namedVersions } from './version-names.ts';

type Names = ReturnType<typeof namedVersions>;

/** A band of less than this share of the width has no room for a label on any screen. */
const LABEL_SHARE_MIN = 0.011;

/** Lines between more bands than this would hide the bands. */
const SEPARATED_MAX = 150;

/** So many versions have a place in the legend; the table below it has them all. */
const LEGEND_MAX = 32;

/** One path for each fill, whatever the number of bands. */
const drawing = (bands: readonly Band[], names: Names): Markup[] => {
  const byFill = new Map<number, string>();
  const className = bands.length > SEPARATED_MAX ? 'band dense' : 'band';
  for (const { from, to, version } of bands) {
    const fill = names.get(version)?.fill ?? 0;
    const d = `M${coordinate(from)} 0H${coordinate(to)}V1H${coordinate(from)}Z`;
    byFill.set(fill, (byFill.get(fill) ?? '') + d);
  }
  return [...byFill].map(([fill, d]) => path(`${className} v${fill}`, d));
};

const tagOf = (named: NamedVersion): Markup =>
  named.tag === named.version ? markup`<i>${named.tag}</i>` : markup`<i>${named.tag}</i><span> ${named.version}</span>`;

const label = ({ from, to, version }: Band, names: Names, width: number): Markup => {
  const named = names.get(version);
  return named === undefined || (to - from) / width < LABEL_SHARE_MIN
    ? NOTHING
    : markup`<b class="v${named.fill}" style="left:${percentOf(from, width)};width:${percentOf(to - from, width)}">${tagOf(named)}</b>`;
};

const stacksText = ({ stacks }: VersionWay): string =>
  stacks.length <= 2 ? stacks.join(', ') : `${stacks[0] ?? ''} +${stacks.length - 1}`;

const row = (way: VersionWay, isContinued: boolean, names: Names, width: number): Row => {
  const { environment, bands, isSplit } = way;
  const last = bands.at(-1);
  const where = isSplit ? `${environment} on ${way.stacks.join(', ')}` : environment;
  return {
    label: environment,
    isContinued,
    ...(isSplit ? { note: stacksText(way) } : {}),
    height: 'band',
    summary:
      last === undefined
        ? `${where}: never pinned`
        : `${where}: ${countOf(bands.length - 1, 'change')}, at the end on ${last.version}`,
    top: 1,
    drawing: markup`${drawing(bands, names)}`,
    attributes: markup` data-pins="${bands.map(({ from, version }) => `${coordinate(from)} ${names.get(version)?.nth ?? 0}`).join(' ')}"`,
    over: markup`${bands.map((band) => label(band, names, width))}`,
    end: last === undefined ? NOTHING : (names.get(last.version)?.tag ?? NOTHING),
  };
};

const swatch = ({ fill, tag }: NamedVersion): Markup => markup`<i class="swatch v${fill}">${tag}</i>`;

const legend = (versions: readonly NamedVersion[]): Markup =>
  markup`<ul class="legend" aria-label="Versions">${versions
    .slice(0, LEGEND_MAX)
    .map(
      (named) => markup`<li>${swatch(named)}${named.tag === named.version ? NOTHING : markup` ${named.version}`}</li>`,
    )}${versions.length > LEGEND_MAX ? markup`<li>and ${versions.length - LEGEND_MAX} more</li>` : NOTHING}</ul>`;

const table = (versions: readonly NamedVersion[], { pins }: Timeline): Markup => {
  const firsts = new Map<string, string>();
  const reached = new Map<string, Set<string>>();
  for (const { version, environment } of pins.toSorted((a, b) => a.at - b.at)) {
    if (!firsts.has(version)) firsts.set(version, environment);
    reached.set(version, (reached.get(version) ?? new Set<string>()).add(environment));
  }
  return foldedTable({
    title: `All ${countOf(versions.length, 'version')} as a table`,
    columns: [
      { head: 'Version' },
      { head: 'First pinned (UTC)' },
      { head: 'First on' },
      { head: 'Environments reached', isNumeric: true },
    ],
    rows: versions.map((named) => [
      markup`${swatch(named)} ${named.tag === named.version ? NOTHING : named.version}`,
      instantMarkup(named.since),
      firsts.get(named.version) ?? '',
      reached.get(named.version)?.size ?? 0,
    ]),
  });
};

/** The chart, and the names by which the script finds the versions again. */
export const versionChart = (timeline: Timeline, scale: TimeScale, axis: Axis): Chart & { readonly names: Names } => {
  const names = namedVersions(timeline.pins);
  const ways = versionWays(
    timeline.pins,
    timeline.convergence.map(({ environment }) => environment),
    scale,
  ).filter(({ bands }) => bands.length > 0);
  const versions = [...names.values()].toSorted((a, b) => a.nth - b.nth || compareVersions(a.version, b.version));
  return {
    names,
    id: 'versions',
    title: 'Version per environment',
    caption:
      'What each environment is pinned to; at the right what it ends on. An environment whose stacks went different ways has a row for each way.',
    axis,
    unit: 'UTC',
    rows: ways.map((way, i) => row(way, way.environment === ways[i - 1]?.environment, names, scale.width)),
    empty: 'No environment was pinned to anything.',
    below: versions.length === 0 ? NOTHING : [legend(versions), table(versions, timeline)],
  };
};
