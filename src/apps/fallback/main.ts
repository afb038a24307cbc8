/**
 * The fallback's parts, as the machine has them and its settings name them.
 *
 * @module
 */
import { lstat, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { childProcessRunner } from '../../adapters/child-process/index.ts';
import { describeFailure, errnoOf, nodeFileSystem, replaceFile } from '../../adapters/durable-files/index.ts';
import { takeFileLock } from '../../adapters/file-lock/index.ts';
import { systemClock } from '../../adapters/system-clock/index.ts';
import { recordInForce } from '../../domain/fallback-record.ts';
import { RECORD_BYTES_MAX, type RecordReading } from '../../domain/last-run.ts';
import type { ProcessOrder } from '../../ports/process-runner.ts';
import type { ExitCode } from '../cli/exit-code.ts';
import type { Terminal } from '../cli/terminal.ts';
import { fallbackCommand } from './commands.ts';
import type { FallbackDeps, FallbackOptions, FileWriting } from './deps.ts';
import { type FallbackSettings, readSettings, SETTINGS_BYTES_MAX, SETTINGS_FILE } from './settings.ts';

/** Where the fallback's files lie. */
export interface FallbackPaths {
  /** The Summoner's state file; only ever read. */
  readonly stateFile: string;
  /** The fallback's own record. */
  readonly recordFile: string;
  /** Where that is written while its own place cannot be; absent: nowhere. */
  readonly spareFile?: string;
  /** The textfile of a metrics collector; absent: no metrics. */
  readonly metricsFile?: string;
}

const succeeds = (attempt: Promise<unknown>): Promise<boolean> =>
  attempt.then(
    () => true,
    () => false,
  );

/**
 * Looks at one record of runs: the Summoner's state file, or the fallback's own. What a shell cannot see, behind a
 * directory that is closed to it or is none, is missing. Never rejects.
 */
const readRecord = async (path: string): Promise<RecordReading> => {
  try {
    const { bytes } = await nodeFileSystem.look(path, RECORD_BYTES_MAX, 'refuse');
    return { _tag: 'Found', body: Buffer.from(bytes).toString('latin1') };
  } catch (error) {
    if (!(await succeeds(lstat(path)))) return { _tag: 'Missing' };
    const detail = describeFailure('read', path, error);
    return { _tag: errnoOf(error) === 'ELOOP' ? 'Refused' : 'Unavailable', detail };
  }
};

/** Looks at the fallback's own record: in its second place, where one lies there. Never rejects. */
export const readOwnRecord = async (recordFile: string, spareFile?: string): Promise<RecordReading> => {
  const spare = spareFile === undefined ? undefined : await readRecord(spareFile);
  return recordInForce(await readRecord(recordFile), spare?._tag === 'Found' ? spare : undefined);
};

const writeFile = async (path: string, text: string): Promise<FileWriting> => {
  const replaced = await replaceFile(path, Buffer.from(text));
  return replaced._tag === 'Replaced' ? { _tag: 'Written' } : replaced;
};

/** The part of {@link FallbackDeps} that is files. */
export const fallbackFiles = ({
  stateFile,
  recordFile,
  spareFile,
  metricsFile,
}: FallbackPaths): Pick<FallbackDeps, 'readSummonerState' | 'readOwnRecord' | 'writeOwnRecord' | 'publishMetrics'> => ({
  readSummonerState: () => readRecord(stateFile),
  readOwnRecord: () => readOwnRecord(recordFile, spareFile),
  writeOwnRecord: async (text) => {
    const written = await writeFile(recordFile, text);
    if (spareFile === undefined) return written;
    if (written._tag === 'Failed') {
      const spared = await writeFile(spareFile, text);
      return spared._tag === 'Written' ? { _tag: 'Spared', detail: written.detail } : written;
    }
    // One that stays behind is out of date by one attempt, which is no reason to fail this one.
    await rm(spareFile, { force: true }).catch(() => undefined);
    return written;
  },
  publishMetrics: async (text) => (metricsFile === undefined ? { _tag: 'Written' } : writeFile(metricsFile, text)),
});

const HOOK_TIME_LIMIT_MS = 60_000;
const GRACE_MS = 60_000;
const OUTPUT_TAIL_BYTES = 16_384;

const orderOf = (text: string, timeLimitMs: number, environment: Terminal['environment']): ProcessOrder => {
  const [command = '', ...args] = text.split(/[\t\n ]/).filter((word) => word !== '');
  const env = Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  return { command, args, env, timeLimitMs, graceMs: GRACE_MS, outputTailBytes: OUTPUT_TAIL_BYTES };
};

/**
 * A settings file that is not there is no fault. What cannot be read, or is no file, is complained of, and the defaults
 * stand.
 */
const settingsText = async (
  file: string,
): Promise<{ readonly text: string; readonly complaints: readonly string[] }> => {
  try {
    const { bytes } = await nodeFileSystem.look(file, SETTINGS_BYTES_MAX, 'follow');
    return { text: Buffer.from(bytes.subarray(0, SETTINGS_BYTES_MAX)).toString(), complaints: [] };
  } catch (error) {
    return { text: '', complaints: (await succeeds(stat(file))) ? [describeFailure('read', file, error)] : [] };
  }
};

const optionsOf = (
  settings: FallbackSettings,
  mode: FallbackOptions['mode'],
  { environment, abort }: Terminal,
): FallbackOptions => ({
  policy: {
    node: Buffer.from(settings.NODE_NAME === '' ? hostname() : settings.NODE_NAME).toString('latin1'),
    thresholdSeconds: Number(settings.THRESHOLD_SECONDS),
    retryIntervalSeconds: Number(settings.RETRY_SECONDS),
    splaySeconds: Number(settings.SPLAY_SECONDS),
  },
  mode,
  run: orderOf(settings.COMMAND, Number(settings.TIME_LIMIT_SECONDS) * 1000, environment),
  ...(settings.HOOK === '' ? {} : { hook: orderOf(settings.HOOK, HOOK_TIME_LIMIT_MS, environment) }),
  abort,
});

/** Runs the fallback as its settings name it. */
export const fallback = async (
  mode: FallbackOptions['mode'],
  isJson: boolean,
  terminal: Terminal,
): Promise<ExitCode> => {
  const file = terminal.environment['SIGNALBOX_FALLBACK_CONF'] ?? SETTINGS_FILE;
  const { text, complaints: unread } = await settingsText(file);
  const { settings, complaints: bad } = readSettings(text, terminal.environment);
  const deps: FallbackDeps = {
    ...fallbackFiles({
      stateFile: settings.STATE_FILE,
      recordFile: settings.RECORD_FILE,
      spareFile: settings.SPARE_FILE,
      ...(settings.METRICS_FILE === '' ? {} : { metricsFile: settings.METRICS_FILE }),
    }),
    clock: systemClock(),
    processes: childProcessRunner(),
    lock: () => takeFileLock(settings.LOCK_FILE),
    log: terminal.log,
  };
  return fallbackCommand(deps, terminal, optionsOf(settings, mode, terminal), isJson, [...unread, ...bad]);
};
