import { Readable } from 'node:stream';
import { isRecord } from '../../domain/decoding.ts';
import type { Revision, WriteOutcome } from '../../ports/conditional-write.ts';
import {
  bytesWithin,
  checksumFault,
  describeAnswer,
  describeFailure,
  isRefusal,
  isRefusedToken,
  reasonIn,
  textField,
} from './answers.ts';
import { withDeadline } from '../deadline/index.ts';
import { stallWatch } from './stall-watch.ts';
import { type GcsAnswer, type GcsRequest, gcsRequests } from './gcs-requests.ts';
import { crc32c, multipartEnvelope, runningCrc32c } from './multipart-upload.ts';
import { checkSettings, type GcsSettings } from './settings.ts';

/** What was found under a name. */
export type ObjectLook =
  | { readonly _tag: 'Found'; readonly bytes: Uint8Array; readonly revision: Revision }
  | { readonly _tag: 'Unchanged' }
  | { readonly _tag: 'Missing' }
  /** More bytes than the reader takes. */
  | { readonly _tag: 'TooLarge'; readonly detail: string; readonly revision: Revision }
  /** Somebody answered who is not Cloud Storage, such as a proxy with a page to log in. */
  | { readonly _tag: 'NoObject'; readonly detail: string }
  | { readonly _tag: 'Denied'; readonly detail: string }
  | { readonly _tag: 'Unavailable'; readonly detail: string };

/** Bytes of an object as a stream, which throws when they cannot be had. */
export interface ObjectStream {
  readonly revision: Revision;
  readonly sizeBytes: number;
  readonly bytes: () => AsyncIterable<Uint8Array>;
}

/** One object of a list. */
export interface ListedObject {
  readonly name: string;
  readonly revision: Revision;
  readonly sizeBytes: number;
}

/**
 * Objects by name below one prefix of one bucket. Names are not checked here: they come from names that were.
 *
 * A function is one HTTP request, and is not tried again: when to ask once more is the caller's to know. Only a list is one
 * request for each page, and what was opened is one more when its bytes are asked for.
 */
export interface GcsObjects {
  /** `gs://bucket/prefix/name`, for messages. */
  readonly uriOf: (name: string) => string;
  /** The object's name in its bucket: `prefix/name`. */
  readonly keyOf: (name: string) => string;
  /** The object's bytes, unless it is still the one that the reader holds. */
  readonly look: (name: string, known: Revision | undefined, bytesMax: number) => Promise<ObjectLook>;
  /** Replaces the object of revision `expected`; without one, creates it. */
  readonly put: (name: string, bytes: Uint8Array, expected: Revision | undefined) => Promise<WriteOutcome>;
  /** Creates an object of exactly `sizeBytes`. When the source throws, nothing is kept. */
  readonly create: (name: string, bytes: AsyncIterable<Uint8Array>, sizeBytes: number) => Promise<WriteOutcome>;
  /**
   * How large an object is, its generation, and its bytes when they are asked for; nothing when there is none. Rejects when
   * it cannot tell.
   */
  readonly open: (name: string) => Promise<ObjectStream | undefined>;
  /**
   * The objects below the prefix, all pages of them. Rejects when it cannot tell.
   *
   * @param delimiter - leaves out names that have this in them.
   */
  readonly list: (delimiter?: '/') => Promise<readonly ListedObject[]>;
  /** Removes the object if it is still of that revision; that it cannot be removed is not told. */
  readonly remove: (name: string, revision: Revision) => Promise<void>;
}

/** Of answers that describe an object or a write so many bytes are read; they have some hundreds. */
const METADATA_BYTES_MAX = 65_536;

const LIST_PAGE_NAMES = 1_000;
/** A page of {@link LIST_PAGE_NAMES} names of 1 KiB, and what JSON makes of them. */
const LIST_PAGE_BYTES_MAX = 16_777_216;
/** A million objects; who has more under one prefix has something else there. */
const LIST_PAGES_MAX = 1_000;

const GENERATION_MAX = 2n ** 63n - 1n;

/**
 * Whether a revision can be a generation. Cloud Storage answers 400 to what cannot, and takes 0, which is none, for "there
 * is no object".
 */
const isGeneration = (revision: Revision): boolean =>
  /^[1-9][0-9]{0,18}$/.test(revision) && BigInt(revision) <= GENERATION_MAX;

const TOO_OFTEN =
  'got status 429: one object takes about one write a second; nothing was written, so try again after some seconds';

/**
 * Whether a 404 says that there is no such object. A bucket that is not there is a mistake to be told, and what something on
 * the way answers, a page or nothing at all, says nothing of objects.
 */
const isMissingObject = (status: number, reason: string): boolean =>
  status === 404 && reason !== '' && !reason.startsWith('<') && !/\bbucket (\S+ )?does not exist/i.test(reason);

const looked = async (answer: GcsAnswer, bytesMax: number): Promise<ObjectLook> => {
  const { status, headers, body } = answer;
  if (status !== 200) {
    const reason = await reasonIn(answer);
    if (status === 304) return { _tag: 'Unchanged' };
    const detail = describeAnswer(status, reason);
    if (isMissingObject(status, reason)) return { _tag: 'Missing' };
    return { _tag: isRefusal(status) ? 'Denied' : 'Unavailable', detail };
  }
  const bytes = await bytesWithin(body, bytesMax);
  const revision = headers.get('x-goog-generation');
  if (revision === null || !isGeneration(revision)) {
    return { _tag: 'NoObject', detail: 'expected an object with its generation, got an answer of something else' };
  }
  if (bytes === undefined) {
    return { _tag: 'TooLarge', detail: `body: expected at most ${bytesMax} bytes, got more`, revision };
  }
  const fault = checksumFault(headers, bytes);
  return fault === undefined ? { _tag: 'Found', bytes, revision } : { _tag: 'Unavailable', detail: fault };
};

/** How a write ended, and the checksum of what is there now, where the server names one. */
interface Written {
  readonly outcome: WriteOutcome;
  readonly crc32c?: string | undefined;
}

const written = async (answer: GcsAnswer): Promise<Written> => {
  if (answer.status === 200) {
    const metadata = await bytesWithin(answer.body, METADATA_BYTES_MAX);
    const revision = textField(metadata, 'generation');
    if (revision !== undefined && isGeneration(revision)) {
      return { outcome: { _tag: 'Landed', revision }, crc32c: textField(metadata, 'crc32c') };
    }
    const detail = 'expected the generation of what was written, got an answer without it';
    return { outcome: { _tag: 'Unknown', detail } };
  }
  const reason = await reasonIn(answer);
  if (answer.status === 412) return { outcome: { _tag: 'Conflict' } };
  const detail = answer.status === 429 ? TOO_OFTEN : describeAnswer(answer.status, reason);
  return { outcome: { _tag: 'Unknown', detail } };
};

/** The bytes of an answer that is a success; throws what it is otherwise. */
const succeeded = async (answer: GcsAnswer, bytesMax: number): Promise<Uint8Array> => {
  if (answer.status !== 200) throw new Error(describeAnswer(answer.status, await reasonIn(answer)));
  const bytes = await bytesWithin(answer.body, bytesMax);
  if (bytes === undefined) throw new Error(`expected an answer of at most ${bytesMax} bytes, got more`);
  return bytes;
};

interface ListPage {
  readonly objects: readonly ListedObject[];
  readonly nextPageToken: string | undefined;
}

const listedObject = (item: unknown): readonly ListedObject[] => {
  if (!isRecord(item)) return [];
  const { name, generation, size } = item;
  if (typeof name !== 'string' || typeof generation !== 'string') return [];
  return [{ name, revision: generation, sizeBytes: Number(size) }];
};

const pageIn = (bytes: Uint8Array): ListPage => {
  const page: unknown = JSON.parse(Buffer.from(bytes).toString());
  if (!isRecord(page)) throw new Error('expected a list of objects, got something else');
  const { items, nextPageToken } = page;
  return {
    objects: Array.isArray(items) ? items.flatMap(listedObject) : [],
    nextPageToken: typeof nextPageToken === 'string' ? nextPageToken : undefined,
  };
};

/**
 * The objects that the settings lead to.
 *
 * @throws TypeError naming the field when one of the settings cannot be meant.
 */
export const gcsObjects = (settings: GcsSettings): GcsObjects => {
  const { bucket, namePrefix, deadlineMs, stallMs } = checkSettings(settings);
  const send = gcsRequests(settings);
  const bucketPath = `/storage/v1/b/${encodeURIComponent(bucket)}/o`;
  const pathOf = (name: string): string => `${bucketPath}/${encodeURIComponent(`${namePrefix}${name}`)}`;
  const keyOf = (name: string): string => `${namePrefix}${name}`;
  const uriOf = (name: string): string => `gs://${bucket}/${keyOf(name)}`;

  const ask = <A>(request: GcsRequest, read: (answer: GcsAnswer) => Promise<A>): Promise<A> =>
    withDeadline(deadlineMs, async (signal) => read(await send(request, signal)));

  const download = (name: string, params: Readonly<Record<string, string>>): GcsRequest => ({
    method: 'GET',
    path: pathOf(name),
    params: { alt: 'media', ...params },
    // Neither packed by the server, which would hide the checksum, nor out of a cache on the way.
    headers: { 'accept-encoding': 'identity', 'cache-control': 'no-cache' },
  });

  const upload = (name: string, expected: Revision | undefined, contentType: string) => ({
    method: 'POST' as const,
    path: `/upload${bucketPath}`,
    params: {
      uploadType: 'multipart',
      name: `${namePrefix}${name}`,
      ifGenerationMatch: expected ?? '0',
      fields: 'generation,crc32c',
    },
    headers: { 'content-type': contentType },
  });

  const look = async (name: string, known: Revision | undefined, bytesMax: number): Promise<ObjectLook> => {
    const params: Readonly<Record<string, string>> =
      known !== undefined && isGeneration(known) ? { ifGenerationNotMatch: known } : {};
    try {
      const found = await ask(download(name, params), (answer) => looked(answer, bytesMax));
      return 'detail' in found ? { ...found, detail: `read ${uriOf(name)}: ${found.detail}` } : found;
    } catch (error) {
      const detail = `read ${uriOf(name)}: ${describeFailure(error)}`;
      return { _tag: isRefusedToken(error) ? 'Denied' : 'Unavailable', detail };
    }
  };

  const writing = async (name: string, act: () => Promise<Written>): Promise<Written> => {
    const told = (detail: string): Written => ({
      outcome: { _tag: 'Unknown', detail: `write ${uriOf(name)}: ${detail}` },
    });
    try {
      const after = await act();
      return after.outcome._tag === 'Unknown' ? told(after.outcome.detail) : after;
    } catch (error) {
      return told(describeFailure(error));
    }
  };

  const remove = async (name: string, revision: Revision): Promise<void> => {
    const request: GcsRequest = { method: 'DELETE', path: pathOf(name), params: { ifGenerationMatch: revision } };
    await ask(request, reasonIn).catch(() => undefined);
  };

  async function* streamOf(name: string, generation: string): AsyncGenerator<Uint8Array> {
    const controller = new AbortController();
    try {
      const pieces = await withDeadline(stallMs, async () => {
        const answer = await send(download(name, { generation }), controller.signal);
        if (answer.status !== 200) throw new Error(describeAnswer(answer.status, await reasonIn(answer)));
        return answer.body[Symbol.asyncIterator]();
      });
      for (;;) {
        const next = await withDeadline(stallMs, () => pieces.next());
        if (next.done === true) return;
        yield next.value;
      }
    } catch (error) {
      throw new Error(`read ${uriOf(name)}: ${describeFailure(error)}`, { cause: error });
    } finally {
      controller.abort();
    }
  }

  return {
    uriOf,
    keyOf,
    look,
    put: async (name, bytes, expected) => {
      if (expected !== undefined && !isGeneration(expected)) return { _tag: 'Conflict' };
      const { contentType, head, tail } = multipartEnvelope({
        contentType: 'application/json',
        crc32c: crc32c(bytes),
      });
      const body = Buffer.concat([head, bytes, tail]);
      const request: GcsRequest = { ...upload(name, expected, contentType), body };
      return (await writing(name, () => ask(request, written))).outcome;
    },
    create: async (name, bytes, sizeBytes) => {
      const { contentType, head, tail } = multipartEnvelope({ contentType: 'application/gzip' });
      const sum = runningCrc32c();
      const watch = stallWatch(stallMs);
      // The last part is sent only when the source has ended well: Cloud Storage keeps nothing of half a request.
      const parts = async function* (): AsyncGenerator<Uint8Array> {
        yield head;
        watch.pause();
        for await (const piece of bytes) {
          watch.moved();
          sum.add(piece);
          yield piece;
          watch.pause();
        }
        watch.moved();
        yield tail;
      };
      const body = Readable.from(parts(), { objectMode: false });
      const { headers, ...rest } = upload(name, undefined, contentType);
      const length = String(head.length + sizeBytes + tail.length);
      const request: GcsRequest = { ...rest, headers: { ...headers, 'content-length': length }, body };
      watch.moved();
      try {
        const after = await writing(name, async () => written(await send(request, watch.signal)));
        if (after.outcome._tag !== 'Landed' || after.crc32c === undefined || after.crc32c === sum.digest()) {
          return after.outcome;
        }
        await remove(name, after.outcome.revision);
        return {
          _tag: 'Unknown',
          detail: `write ${uriOf(name)}: other bytes arrived than were sent; they were removed`,
        };
      } finally {
        watch.pause();
        // An answer may come before the whole request was sent.
        body.destroy();
      }
    },
    open: async (name) => {
      const metadata = await ask(
        { method: 'GET', path: pathOf(name), params: { fields: 'generation,size' } },
        async (answer) => {
          if (answer.status !== 404) return succeeded(answer, METADATA_BYTES_MAX);
          const reason = await reasonIn(answer);
          if (!isMissingObject(answer.status, reason)) throw new Error(describeAnswer(answer.status, reason));
          return undefined;
        },
      );
      if (metadata === undefined) return undefined;
      const [generation, size] = [textField(metadata, 'generation'), textField(metadata, 'size')];
      if (generation === undefined || size === undefined) {
        throw new Error('expected the size and generation of an object, got an answer of something else');
      }
      return { revision: generation, sizeBytes: Number(size), bytes: () => streamOf(name, generation) };
    },
    list: async (delimiter) => {
      const objects: ListedObject[] = [];
      let pageToken: string | undefined;
      for (let page = 1; page <= LIST_PAGES_MAX; page++) {
        const params = {
          prefix: namePrefix,
          maxResults: String(LIST_PAGE_NAMES),
          fields: 'items(name,generation,size),nextPageToken',
          ...(delimiter === undefined ? {} : { delimiter }),
          ...(pageToken === undefined ? {} : { pageToken }),
        };
        const listed = await ask({ method: 'GET', path: bucketPath, params }, (answer) =>
          succeeded(answer, LIST_PAGE_BYTES_MAX),
        );
        const { objects: found, nextPageToken } = pageIn(listed);
        objects.push(...found.map((object) => ({ ...object, name: object.name.slice(namePrefix.length) })));
        if (nextPageToken === undefined || nextPageToken === '') return objects;
        pageToken = nextPageToken;
      }
      throw new Error(
        `expected at most ${LIST_PAGE_NAMES * LIST_PAGES_MAX} objects, got more; give the store a prefix of its own`,
      );
    },
    remove,
  };
};
