/**
 * As much of Cloud Storage's JSON API as Signalbox speaks, on loopback: buckets, objects with generations, conditional
 * reads and writes, uploads in one request, downloads, lists in pages. It counts what it is asked, and misbehaves on demand.
 */
import { hash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CRC32C } from '@google-cloud/storage';

/** What the server saw of one request. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

/** What the server would answer. */
export interface FakeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One request, in the hands of who interferes. */
export interface Exchange {
  readonly seen: SeenRequest;
  readonly response: ServerResponse;
  /** Does what was asked, and does not tell; `damage` changes the body before the server sees it. */
  readonly perform: (damage?: (body: Buffer) => Buffer | string) => Promise<FakeAnswer>;
  /** Tells. */
  readonly send: (answer: FakeAnswer) => void;
}

/** A running server. */
export interface FakeGcs {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  /** Every request so far, the first one first. */
  readonly requests: SeenRequest[];
  /** Answers every later request in the server's stead; without an argument, the server answers again. */
  readonly interfere: (act?: (exchange: Exchange) => void | Promise<void>) => void;
  readonly close: () => Promise<void>;
}

interface StoredObject {
  readonly name: string;
  readonly bytes: Buffer;
  readonly generation: number;
}

type Bucket = Map<string, StoredObject>;

/** No page of a list is longer, whatever is asked for. */
const PAGE_NAMES_MAX = 1_000;

const json = (status: number, value: unknown): FakeAnswer => ({
  status,
  headers: { 'content-type': 'application/json; charset=UTF-8' },
  body: Buffer.from(JSON.stringify(value)),
});

/** An error as the JSON API words it. */
export const apiError = (status: number, message: string): FakeAnswer =>
  json(status, { error: { code: status, message, errors: [{ message, domain: 'global', reason: 'fake' }] } });

const crc32cOf = (bytes: Buffer): string => {
  const sum = new CRC32C();
  sum.update(bytes);
  return sum.toString();
};

const md5Of = (bytes: Buffer): string => hash('md5', bytes, 'base64');

const resourceOf = (bucket: string, { name, bytes, generation }: StoredObject): Readonly<Record<string, string>> => ({
  kind: 'storage#object',
  bucket,
  name,
  generation: String(generation),
  metageneration: '1',
  size: String(bytes.length),
  crc32c: crc32cOf(bytes),
  md5Hash: md5Of(bytes),
});

/** Why a condition of the query is not met; 0 stands for "there is no object". */
const unmet = (query: URLSearchParams, there: StoredObject | undefined): FakeAnswer | undefined => {
  const generation = there?.generation ?? 0;
  for (const name of ['ifGenerationMatch', 'ifGenerationNotMatch']) {
    const wanted = query.get(name);
    if (wanted === null) continue;
    if (!/^\d{1,19}$/.test(wanted)) return apiError(400, `Invalid value for ${name}: ${wanted}`);
    if (name === 'ifGenerationMatch' && BigInt(wanted) !== BigInt(generation)) {
      return apiError(412, 'At least one of the pre-conditions you specified did not hold.');
    }
    if (name === 'ifGenerationNotMatch' && BigInt(wanted) === BigInt(generation)) {
      return { status: 304, headers: {}, body: Buffer.alloc(0) };
    }
  }
  return undefined;
};

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
};

interface Upload {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly content: Buffer;
}

/** The two parts of a `multipart/related` body. */
const uploadIn = (contentType: string, body: Buffer): Upload | undefined => {
  const [, boundary] = /^multipart\/related; *boundary="?([^";]+)/.exec(contentType) ?? [];
  if (boundary === undefined) return undefined;
  const delimiter = Buffer.from(`--${boundary}`);
  const first = body.indexOf(delimiter);
  const second = body.indexOf(delimiter, first + delimiter.length);
  const last = body.lastIndexOf(`--${boundary}--`);
  if (first !== 0 || second < 0 || last <= second) return undefined;
  const part = (from: number, to: number): Buffer =>
    body.subarray(
      body.indexOf('\r\n\r\n', from) + 4,
      body.subarray(to - 2, to).equals(Buffer.from('\r\n')) ? to - 2 : to,
    );
  return {
    metadata: JSON.parse(part(first, second).toString()) as Upload['metadata'],
    content: part(second, last),
  };
};

const listOf = (bucketName: string, bucket: Bucket, query: URLSearchParams, pageNamesMax: number): FakeAnswer => {
  const after = Buffer.from(query.get('pageToken') ?? '', 'base64').toString();
  const pageNames = Math.min(Number(query.get('maxResults') ?? pageNamesMax), pageNamesMax);
  const left = [...bucket.values()]
    .filter(({ name }) => name.startsWith(query.get('prefix') ?? '') && name > after)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = left.slice(0, pageNames);
  const lastName = page.at(-1)?.name;
  return json(200, {
    kind: 'storage#objects',
    ...(page.length > 0 ? { items: page.map((object) => resourceOf(bucketName, object)) } : {}),
    ...(left.length > page.length && lastName !== undefined
      ? { nextPageToken: Buffer.from(lastName).toString('base64') }
      : {}),
  });
};

const download = (bucketName: string, object: StoredObject, query: URLSearchParams): FakeAnswer =>
  query.get('alt') === 'media'
    ? {
        status: 200,
        headers: {
          'content-type': 'application/octet-stream',
          'x-goog-generation': String(object.generation),
          'x-goog-metageneration': '1',
          'x-goog-stored-content-encoding': 'identity',
          'x-goog-stored-content-length': String(object.bytes.length),
          'x-goog-hash': `crc32c=${crc32cOf(object.bytes)},md5=${md5Of(object.bytes)}`,
        },
        body: object.bytes,
      }
    : json(200, resourceOf(bucketName, object));

/** The buckets and what is done to them: one request at a time, as a consistent store would. */
const bucketStore = (pageNamesMax: number) => {
  const buckets = new Map<string, Bucket>();
  let generations = 1_700_000_000_000_000;

  const onObjects = (bucketName: string, bucket: Bucket, name: string, method: string, query: URLSearchParams) => {
    const there = bucket.get(name);
    const isOtherGeneration = query.get('generation') !== null && query.get('generation') !== String(there?.generation);
    if (there === undefined || isOtherGeneration) {
      return query.has('ifGenerationMatch') && method !== 'GET'
        ? apiError(412, 'At least one of the pre-conditions you specified did not hold.')
        : apiError(404, `No such object: ${bucketName}/${name}`);
    }
    const fault = unmet(query, there);
    if (fault !== undefined) return fault;
    if (method === 'GET') return download(bucketName, there, query);
    bucket.delete(name);
    return { status: 204, headers: {}, body: Buffer.alloc(0) };
  };

  const put = (bucketName: string, bucket: Bucket, query: URLSearchParams, type: string, body: Buffer): FakeAnswer => {
    const upload: Upload | undefined =
      query.get('uploadType') === 'media' ? { metadata: {}, content: body } : uploadIn(type, body);
    const name = query.get('name') ?? upload?.metadata['name'];
    if (upload === undefined || typeof name !== 'string' || name === '') return apiError(400, 'Bad upload');
    const promised = [
      [upload.metadata['crc32c'], crc32cOf(upload.content)],
      [upload.metadata['md5Hash'], md5Of(upload.content)],
    ];
    if (promised.some(([wanted, got]) => wanted !== undefined && wanted !== got)) {
      return apiError(400, "Provided checksum doesn't match calculated checksum.");
    }
    const fault = unmet(query, bucket.get(name));
    if (fault !== undefined) return fault;
    const object = { name, bytes: upload.content, generation: ++generations };
    bucket.set(name, object);
    return json(200, resourceOf(bucketName, object));
  };

  const onBuckets = (method: string, body: Buffer): FakeAnswer => {
    const { name } = JSON.parse(body.toString()) as { readonly name: string };
    if (method !== 'POST') return apiError(405, 'Method not allowed');
    if (buckets.has(name)) return apiError(409, 'The requested bucket name is not available.');
    buckets.set(name, new Map());
    return json(200, { kind: 'storage#bucket', id: name, name });
  };

  return ({ method, url, headers }: SeenRequest, body: Buffer): FakeAnswer => {
    const { pathname, searchParams: query } = new URL(url, 'http://127.0.0.1');
    const [, isUpload, bucketPart, rest, objectPart] =
      /^(\/upload)?\/storage\/v1\/b(?:\/([^/]+))?(\/o)?(?:\/([^/]+))?$/.exec(pathname) ?? [];
    if (!/^(\/upload)?\/storage\/v1\/b(\/|$)/.test(pathname)) return apiError(404, 'Not Found');
    if (bucketPart === undefined) return onBuckets(method, body);
    const bucketName = decodeURIComponent(bucketPart);
    const bucket = buckets.get(bucketName);
    if (bucket === undefined) return apiError(404, 'The specified bucket does not exist.');
    if (rest === undefined) {
      if (method !== 'DELETE') return json(200, { kind: 'storage#bucket', id: bucketName, name: bucketName });
      if (bucket.size > 0) return apiError(409, 'The bucket you tried to delete is not empty.');
      buckets.delete(bucketName);
      return { status: 204, headers: {}, body: Buffer.alloc(0) };
    }
    if (isUpload !== undefined) return put(bucketName, bucket, query, headers['content-type'] ?? '', body);
    if (objectPart === undefined) return listOf(bucketName, bucket, query, pageNamesMax);
    return onObjects(bucketName, bucket, decodeURIComponent(objectPart), method, query);
  };
};

/** Starts a server with no buckets. */
export const fakeGcs = async (pageNamesMax: number = PAGE_NAMES_MAX): Promise<FakeGcs> => {
  const requests: SeenRequest[] = [];
  const answerTo = bucketStore(pageNamesMax);
  let interference: ((exchange: Exchange) => void | Promise<void>) | undefined;

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const seen = { method: request.method ?? '', url: request.url ?? '', headers: request.headers };
    requests.push(seen);
    const exchange: Exchange = {
      seen,
      response,
      // Half a request is never performed: the body ends with a rejection then.
      perform: async (damage = (body) => body) => answerTo(seen, Buffer.from(damage(await bodyOf(request)))),
      send: ({ status, headers, body }) => {
        response.writeHead(status, { ...headers, 'content-length': body.length });
        response.end(body);
      },
    };
    if (interference === undefined) exchange.send(await exchange.perform());
    else await interference(exchange);
  };

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    interfere: (act) => {
      interference = act;
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
};
