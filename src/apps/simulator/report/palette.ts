/**
 * The colours of the report, in light and in dark.
 *
 * The fills of versions are Paul Tol's "light" scheme, which is made for cells with dark text in them and for eyes that
 * do not see every colour, in an order in which neighbours lie far apart for such eyes as well; lightened by a quarter
 * in light, darkened in dark. Texts have a contrast of at least 4.5 : 1 against everything that they stand on.
 *
 * @module
 */

/** What a colour is for. */
export type Ink =
  /** The page. */
  | 'page'
  /** What charts and tables stand on. */
  | 'surface'
  | 'text'
  /** Text of less weight. */
  | 'muted'
  /** Lines between things. */
  | 'rule'
  /** Runs, converged nodes: what is measured. */
  | 'measure'
  /** The same as an area. */
  | 'measure-area'
  /** What it is measured against: the floor, the window. */
  | 'reference'
  | 'good'
  | 'good-area'
  | 'bad'
  | 'bad-area'
  | 'fault'
  | 'fault-area'
  | 'operator'
  | 'operator-area'
  /** Text in the fill of a version. */
  | 'version-text';

/** The colours of one scheme. */
export interface Palette {
  readonly inks: Readonly<Record<Ink, string>>;
  /** The first is the version that was there at the start; the others take turns. */
  readonly versions: readonly string[];
}

/** For `prefers-color-scheme: light`, and for paper. */
export const LIGHT: Palette = {
  inks: {
    page: '#f6f7f8',
    surface: '#ffffff',
    text: '#1a1f26',
    muted: '#586271',
    rule: '#dfe3e8',
    measure: '#2c6ea6',
    'measure-area': '#9fc5e3',
    reference: '#a4480c',
    good: '#1a6b45',
    'good-area': '#e2f3ea',
    bad: '#b3261e',
    'bad-area': '#fce8e6',
    fault: '#a4480c',
    'fault-area': '#fbe9d7',
    operator: '#5a4a9c',
    'operator-area': '#e9e5f6',
    'version-text': '#16191d',
  },
  versions: ['#e0e3e7', '#99bfe6', '#b3e6ff', '#ccd966', '#73ccb3', '#bfbf40', '#f2e6a6', '#ffbfcc', '#f2a68c'],
};

/** For `prefers-color-scheme: dark`. */
export const DARK: Palette = {
  inks: {
    page: '#0f1216',
    surface: '#171b21',
    text: '#e7eaee',
    muted: '#9ba6b4',
    rule: '#2c333c',
    measure: '#6fb0e6',
    'measure-area': '#316a99',
    reference: '#f0a765',
    good: '#6fd3a3',
    'good-area': '#163427',
    bad: '#ff9a8f',
    'bad-area': '#45201d',
    fault: '#f0a765',
    'fault-area': '#3f2c1a',
    operator: '#b9a9f5',
    'operator-area': '#2d2850',
    'version-text': '#0b0d10',
  },
  versions: ['#7b8087', '#5786b5', '#71b0cf', '#93a200', '#1c9677', '#878600', '#bfaf60', '#d08393', '#c36647'],
};

/** Which fill the nth version has, counted from 0. */
export const fillOf = (nth: number): number => (nth === 0 ? 0 : 1 + ((nth - 1) % (LIGHT.versions.length - 1)));
