/**
 * The fallback's settings: those of the `sh` form, by the same names, from the same file and environment. It shares
 * nothing with the Summoner's configuration, which may be what is broken (law F3).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import {
  FALLBACK_SECONDS_MAX,
  FALLBACK_SPLAY_SECONDS_DEFAULT,
  RETRY_INTERVAL_SECONDS_DEFAULT,
  THRESHOLD_SECONDS_DEFAULT,
} from '../../domain/fallback.ts';
import { shellLines } from '../../domain/last-run.ts';

/** Where the settings lie unless `SIGNALBOX_FALLBACK_CONF` says otherwise. */
export const SETTINGS_FILE = '/etc/signalbox/fallback.conf';

/** So many bytes of that file are read and no more. */
export const SETTINGS_BYTES_MAX = 65_536;

const DEFAULTS = {
  STATE_FILE: '/var/lib/signalbox/summoner.json',
  RECORD_FILE: '/var/lib/signalbox-fallback/record',
  SPARE_FILE: '/run/signalbox-fallback/record',
  LOCK_FILE: '/var/lib/signalbox-fallback/lock',
  METRICS_FILE: '',
  THRESHOLD_SECONDS: String(THRESHOLD_SECONDS_DEFAULT),
  RETRY_SECONDS: String(RETRY_INTERVAL_SECONDS_DEFAULT),
  SPLAY_SECONDS: String(FALLBACK_SPLAY_SECONDS_DEFAULT),
  TIME_LIMIT_SECONDS: '7200',
  NODE_NAME: '',
  COMMAND: 'chef-client --once --run-lock-timeout 0',
  HOOK: '',
};

type Name = keyof typeof DEFAULTS;

/** The settings as text, each valid. A blank one is left out of what it is for. */
export type FallbackSettings = Readonly<Record<Name, string>>;

/** The settings, and what was wrong with those that were given; a bad one leaves the default. */
export interface SettingsReading {
  readonly settings: FallbackSettings;
  readonly complaints: readonly string[];
}

const isName = (name: string): name is Name => Object.hasOwn(DEFAULTS, name);

const isSeconds = (value: string, min: number): boolean =>
  /^(?:0|[1-9]\d*)$/.test(value) && Number(value) >= min && Number(value) <= FALLBACK_SECONDS_MAX;

const expectedOf = (name: Name, value: string): string | undefined => {
  if (/^['"]/.test(value)) return 'no quotes';
  if (name.endsWith('_FILE') && !value.startsWith('/')) return 'an absolute path';
  if (name === 'SPLAY_SECONDS' && !isSeconds(value, 0)) return `0 to ${FALLBACK_SECONDS_MAX}, in seconds`;
  if (/^(?:THRESHOLD|RETRY|TIME_LIMIT)_SECONDS$/.test(name) && !isSeconds(value, 1)) {
    return `1 to ${FALLBACK_SECONDS_MAX}, in seconds`;
  }
  return undefined;
};

const assignment = (line: string): E.Either<string, readonly [Name, string] | undefined> => {
  if (line.startsWith('#')) return E.right(undefined);
  const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(line) ?? [];
  if (!isName(name)) return E.left(`${line}: expected NAME=VALUE with the name of a setting`);
  const expected = value === '' ? undefined : expectedOf(name, value);
  return expected === undefined ? E.right([name, value]) : E.left(`${name}=${value}: expected ${expected}`);
};

/**
 * Reads the settings from the text of their file, and over it `SIGNALBOX_FALLBACK_<NAME>` of the environment. Total: a
 * bad setting is complained of and left at its default, because it must not disarm a last resort.
 */
export const readSettings = (
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): SettingsReading => {
  const fromEnvironment = Object.keys(DEFAULTS).map(
    (name) => `${name}=${environment[`SIGNALBOX_FALLBACK_${name}`] ?? ''}`,
  );
  const settings: Record<Name, string> = { ...DEFAULTS };
  const complaints: string[] = [];
  for (const line of [...shellLines(text), ...fromEnvironment]) {
    const read = assignment(line);
    if (E.isLeft(read)) complaints.push(read.left);
    else if (read.right !== undefined && /[^\t ]/.test(read.right[1])) settings[read.right[0]] = read.right[1];
  }
  return { settings, complaints };
};
