/**
 * The fallback's files, as the machine has them. What else it needs is given by the executable.
 *
 * @module
 */
import { describeFailure, errnoOf, nodeFileSystem, replaceFile } from '../../adapters/durable-files/index.ts';
import { RECORD_BYTES_MAX, type RecordReading } from '../../domain/last-run.ts';
import type { FallbackDeps, FileWriting } from './deps.ts';

/** Where the fallback's files lie. */
export interface FallbackPaths {
  /** The Summoner's state file; only ever read. */
  readonly stateFile: string;
  /** The fallback's own record. */
  readonly recordFile: string;
  /** The textfile of a metrics collector; absent: no metrics. */
  readonly metricsFile?: string;
}

const readRecord = async (path: string): Promise<RecordReading> => {
  try {
    const { bytes } = await nodeFileSystem.look(path, RECORD_BYTES_MAX, 'refuse');
    return { _tag: 'Found', body: Buffer.from(bytes).toString('latin1') };
  } catch (error) {
    const detail = describeFailure('read', path, error);
    const errno = errnoOf(error) ?? '';
    if (['ENOENT', 'ENOTDIR'].includes(errno)) return { _tag: 'Missing' };
    return { _tag: errno === 'ELOOP' ? 'Refused' : 'Unavailable', detail };
  }
};

const writeFile = async (path: string, text: string): Promise<FileWriting> => {
  const replaced = await replaceFile(path, Buffer.from(text));
  return replaced._tag === 'Replaced' ? { _tag: 'Written' } : replaced;
};

/** The part of {@link FallbackDeps} that is files. */
export const fallbackFiles = ({
  stateFile,
  recordFile,
  metricsFile,
}: FallbackPaths): Pick<FallbackDeps, 'readSummonerState' | 'readOwnRecord' | 'writeOwnRecord' | 'publishMetrics'> => ({
  readSummonerState: () => readRecord(stateFile),
  readOwnRecord: () => readRecord(recordFile),
  writeOwnRecord: (text) => writeFile(recordFile, text),
  publishMetrics: async (text) => (metricsFile === undefined ? { _tag: 'Written' } : writeFile(metricsFile, text)),
});
