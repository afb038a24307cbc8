/**
 * One request and its answer over `node:http` or `node:https`: no redirect is followed, no answer is longer than was
 * asked for, connections are kept.
 *
 * @module
 */
import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { withDeadline } from '../deadline/index.ts';

/** One request. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Made anew for each time that the request is sent. */
  readonly body?: () => AsyncIterable<Uint8Array>;
  /** All of it, from connecting to the last byte of the answer (faults 6 and 7). */
  readonly deadlineMs: number;
  /** Of the answer's body, no more is waited for (fault 8). */
  readonly bytesMax: number;
}

/** What came back, whatever the status. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** False where the body went on after `bytesMax`. */
  readonly isWhole: boolean;
}

/** Sends one request; rejects when there is no answer. */
export type Exchange = (request: HttpRequest) => Promise<HttpAnswer>;

const SOCKETS_MAX = 16;

const bodyOf = async (response: IncomingMessage, bytesMax: number): Promise<Pick<HttpAnswer, 'bytes' | 'isWhole'>> => {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > bytesMax) return { bytes: Buffer.concat(pieces), isWhole: false };
    pieces.push(piece);
  }
  return { bytes: Buffer.concat(pieces), isWhole: true };
};

/** A connection that the server had given up just when it was used again: nothing of the request was looked at. */
class StaleConnection extends Error {}

const send = (request: ClientRequest, body: HttpRequest['body']): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', (error: NodeJS.ErrnoException) =>
      reject(request.reusedSocket && error.code === 'ECONNRESET' ? new StaleConnection() : error),
    );
    if (body === undefined) request.end();
    // What goes wrong on the way is the request's own error as well; after the answer it is nothing.
    else pipeline(Readable.from(body(), { objectMode: false }), request).catch(reject);
  });

/** Exchanges with connections of its own. `ca` replaces the certificates that are believed. */
export const httpExchange = (ca: readonly string[] | undefined): Exchange => {
  const connections = { keepAlive: true, maxSockets: SOCKETS_MAX };
  const plain = new HttpAgent(connections);
  const secure = new HttpsAgent({ ...connections, ...(ca === undefined ? {} : { ca: [...ca] }) });

  const once = async ({ method, url, headers, body, bytesMax }: HttpRequest, signal: AbortSignal) => {
    const options = { method, headers, signal };
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, { ...options, agent: secure })
        : requestHttp(url, { ...options, agent: plain });
    const response = await send(request, body);
    const answered = await bodyOf(response, bytesMax);
    // An answer that came before all was sent: nobody reads the rest.
    if (!request.writableFinished) request.destroy();
    return { status: response.statusCode ?? 0, headers: response.headers, ...answered };
  };

  return (request) =>
    withDeadline(request.deadlineMs, async (abort) => {
      for (;;) {
        try {
          return await once(request, abort);
        } catch (error) {
          if (!(error instanceof StaleConnection)) throw error;
        }
      }
    });
};
