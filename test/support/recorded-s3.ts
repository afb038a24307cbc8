import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** How a server wants the entity tag in the `If-Match` of a PUT. */
export type TagSpelling = 'either' | 'quoted' | 'unquoted';

/** A stand-in for S3. */
export interface RecordedS3 {
  readonly url: string;
  readonly close: () => Promise<void>;
}

interface StoredObject {
  readonly bytes: Buffer;
  readonly headers: OutgoingHttpHeaders;
  /** Without its quotes. */
  readonly etag: string;
}

interface Answer {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

const failure = (status: number, code: string): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>As S3 says it</Message></Error>`,
});

const metadataOf = (headers: IncomingHttpHeaders): OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-')));

const unquoted = (tag: string): string => tag.replaceAll('"', '');

const isMatch = (spelling: TagSpelling, given: string, etag: string): boolean => {
  if (given === '*') return true;
  if (spelling === 'quoted') return given === `"${etag}"`;
  return (spelling === 'unquoted' ? given : unquoted(given)) === etag;
};

/**
 * Answers GET, HEAD and conditional PUT of single objects as S3 documents it, without looking at signatures: for tests of
 * the client alone, and for what no server at hand does. A bucket is there when its name is not `no-such-bucket`.
 */
export const recordedS3 = async (spelling: TagSpelling = 'either'): Promise<RecordedS3> => {
  const objects = new Map<string, StoredObject>();

  const put = (path: string, headers: IncomingHttpHeaders, bytes: Buffer): Answer => {
    const there = objects.get(path);
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
    if (ifNoneMatch !== undefined && there !== undefined) return failure(412, 'PreconditionFailed');
    if (ifMatch !== undefined) {
      if (there === undefined) return failure(404, 'NoSuchKey');
      if (!isMatch(spelling, ifMatch, there.etag)) return failure(412, 'PreconditionFailed');
    }
    const etag = createHash('md5').update(bytes).digest('hex');
    objects.set(path, { bytes, headers: metadataOf(headers), etag });
    return { status: 200, headers: { etag: `"${etag}"` } };
  };

  const get = (method: string, path: string, headers: IncomingHttpHeaders): Answer => {
    const there = objects.get(path);
    if (there === undefined) return method === 'HEAD' ? { status: 404 } : failure(404, 'NoSuchKey');
    const head = { ...there.headers, etag: `"${there.etag}"` };
    const { 'if-none-match': ifNoneMatch } = headers;
    if (ifNoneMatch !== undefined && unquoted(ifNoneMatch) === there.etag) return { status: 304, headers: head };
    const whole = { ...head, 'content-length': there.bytes.length };
    return { status: 200, headers: whole, ...(method === 'HEAD' ? {} : { body: there.bytes }) };
  };

  const server = createServer((request, response) => {
    void buffer(request).then((bytes) => {
      const { pathname } = new URL(request.url ?? '/', 'http://recorded');
      const method = request.method ?? '';
      const answer = pathname.startsWith('/no-such-bucket/')
        ? failure(404, 'NoSuchBucket')
        : method === 'PUT'
          ? put(pathname, request.headers, bytes)
          : get(method, pathname, request.headers);
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
