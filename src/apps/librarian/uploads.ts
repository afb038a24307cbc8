/**
 * How far uploads are: kept in memory by whoever uploads, told in the log, and published in the state store, where every
 * other process of the plan reads it. Nothing of it decides anything.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { boundedInteger, boundedText, decodeJsonWith } from '../../domain/decoding.ts';
import { InstantField, optionField } from '../../domain/json-fields.ts';
import { StackName, Version } from '../../domain/names.ts';
import type { ReleasePlan } from '../../domain/release-plan.ts';
import { type EpochMs, formatInstant, MINUTE_MS, plus, SECOND_MS } from '../../domain/time.ts';
import type { UploadedFiles } from '../../ports/chef-server.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { type Failure, formatFailure } from '../failure.ts';
import type { Log } from '../log.ts';
import { changeDocument, type DocumentForm } from './change-document.ts';

/** One upload that is under way. */
export interface UploadProgress {
  readonly version: Version;
  readonly stack: StackName;
  readonly since: EpochMs;
  /** Bytes of the tarball that have been read, of so many. */
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Files that are on the stack, of so many; none while the stack's adapter does not tell. */
  readonly files: O.Option<UploadedFiles>;
}

/** Counts one upload while it is under way. */
export interface UploadMeter {
  /** The same bytes, counted as they are read. */
  readonly counted: (tarball: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
  /** Is told how many files are on the stack. */
  readonly onFiles: (files: UploadedFiles) => void;
  /** It is over, whatever came of it. */
  readonly end: () => void;
}

/** The uploads of this process. */
export interface Uploads {
  /** Counts one more, of a tarball of so many bytes. */
  readonly begin: (version: Version, stack: StackName, bytesTotal: number) => UploadMeter;
  /** Those that have begun and not ended, as far as they are. */
  readonly underWay: () => readonly UploadProgress[];
}

/** {@link Uploads} that are none yet. */
export const uploadsOf = ({ now }: Pick<Clock, 'now'>): Uploads => {
  const underWay = new Map<symbol, UploadProgress>();
  return {
    underWay: () => [...underWay.values()],
    begin: (version, stack, bytesTotal) => {
      const id = Symbol(version);
      const known: UploadProgress = { version, stack, since: now(), bytesDone: 0, bytesTotal, files: O.none };
      underWay.set(id, known);
      const change = (fields: Partial<UploadProgress>): void => {
        const before = underWay.get(id);
        if (before !== undefined) underWay.set(id, { ...before, ...fields });
      };
      return {
        counted: async function* (tarball) {
          let bytesDone = 0;
          for await (const piece of tarball) {
            bytesDone += piece.length;
            change({ bytesDone });
            yield piece;
          }
        },
        onFiles: (files) => {
          change({ files: O.some(files) });
        },
        end: () => {
          underWay.delete(id);
        },
      };
    },
  };
};

/** An upload as JSON, in the status and in the log. */
export const uploadJson = ({ version, stack, since, bytesDone, bytesTotal, files }: UploadProgress) => ({
  version,
  stack,
  since: formatInstant(since),
  bytes_done: bytesDone,
  bytes_total: bytesTotal,
  files_done: O.isSome(files) ? files.value.done : null,
  files_total: O.isSome(files) ? files.value.total : null,
});

/** How often it is told how far uploads are, in milliseconds. */
export const REPORT_EVERY_MS = 10 * SECOND_MS;

/** What nobody has told again for so long, in milliseconds, is not under way any more: its process is dead. */
const STALE_MS = MINUTE_MS;

const Count = boundedInteger('count', 0, Number.MAX_SAFE_INTEGER);

const Document = t.type(
  {
    uploads: t.readonlyArray(
      t.type(
        {
          holder: boundedText('holder', 128),
          told: InstantField,
          version: Version,
          stack: StackName,
          since: InstantField,
          bytesDone: Count,
          bytesTotal: Count,
          files: optionField(t.type({ done: Count, total: Count }, 'files')),
        },
        'upload',
      ),
    ),
  },
  'uploads',
);

type Published = t.TypeOf<typeof Document>['uploads'];

/** What telling of uploads needs: all of it parts of a Librarian. */
export interface UploadReportPorts {
  readonly plan: Pick<ReleasePlan, 'name'>;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly uploads: Uploads;
}

const formOf = ({ plan }: UploadReportPorts): DocumentForm<Published> => ({
  key: `uploads/${plan.name}.json`,
  empty: [],
  decode: (text) => E.map(({ uploads }: t.TypeOf<typeof Document>) => uploads)(decodeJsonWith(Document)(text)),
  encode: (uploads) => `${JSON.stringify(Document.encode({ uploads }))}\n`,
});

const isFresh =
  (now: EpochMs) =>
  ({ told }: Published[number]): boolean =>
    told <= plus(now, STALE_MS) && plus(told, STALE_MS) > now;

const publish = async (ports: UploadReportPorts, holder: string): Promise<void> => {
  const now = ports.clock.now();
  const mine = ports.uploads.underWay().map((upload) => ({ holder, told: now, ...upload }));
  const published = await changeDocument(ports.state)(formOf(ports), (before) => {
    const others = before.filter((upload) => upload.holder !== holder && isFresh(now)(upload));
    const unchanged = mine.length === 0 && others.length === before.length;
    return { value: unchanged ? before : [...others, ...mine], result: undefined };
  })();
  if (E.isLeft(published)) {
    ports.log('warn', 'how far uploads are cannot be published', { detail: formatFailure(published.left) });
  }
};

/**
 * Tells how far uploads are, in the log and to other processes, until `abort`; says nothing while there are none.
 *
 * @param holder - names this process.
 */
export const reportUploads = async (ports: UploadReportPorts, holder: string, abort: AbortSignal): Promise<void> => {
  let hadAny = false;
  while (!abort.aborted) {
    const underWay = ports.uploads.underWay();
    for (const upload of underWay) ports.log('info', 'uploading', uploadJson(upload));
    if (hadAny || underWay.length > 0) await publish(ports, holder);
    hadAny = underWay.length > 0;
    await ports.clock.sleepUntil(plus(ports.clock.now(), REPORT_EVERY_MS), abort);
  }
  if (hadAny) await publish(ports, holder);
};

/**
 * The uploads under way: this process's as they are now, those of others as they told last. What cannot be read is not
 * shown: a status without it is better than none.
 */
export const uploadsUnderWay = async (ports: UploadReportPorts): Promise<readonly UploadProgress[]> => {
  const own = ports.uploads.underWay();
  const read = await changeDocument(ports.state)(formOf(ports), (value) => ({ value, result: value }))();
  const published = E.getOrElse((_failure: Failure): Published => [])(read).filter(isFresh(ports.clock.now()));
  const isOwn = ({ version, stack }: UploadProgress): boolean =>
    own.some((upload) => upload.version === version && upload.stack === stack);
  const others = published.map(({ holder: _holder, told: _told, ...upload }): UploadProgress => upload);
  return [...own, ...others.filter((upload) => !isOwn(upload))];
};
