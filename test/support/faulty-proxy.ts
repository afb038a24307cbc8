import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as requestOf,
  type ServerResponse,
} from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** What may happen to one request on its way. */
export type Fault =
  | { readonly _tag: 'None' }
  /** The connection is closed without an answer, before or after the server has done what it was asked. */
  | { readonly _tag: 'Drop'; readonly when: 'BeforeServer' | 'AfterServer' }
  /** The connection stays open and nothing ever comes, before or after the server has done what it was asked. */
  | { readonly _tag: 'Silence'; readonly when: 'BeforeServer' | 'AfterServer' }
  /** The server's answer comes so many milliseconds late. */
  | { readonly _tag: 'Delay'; readonly byMs: number }
  /** The head of the server's answer comes at once, its body one byte at a time. */
  | { readonly _tag: 'Drip'; readonly everyMs: number }
  /** So many bytes of the server's body come, and then the connection is closed. */
  | { readonly _tag: 'Truncate'; readonly afterBytes: number }
  /** The server is asked twice, and its second answer comes back. */
  | { readonly _tag: 'Repeat' }
  /** Something on the way answers in the server's place. */
  | {
      readonly _tag: 'Answer';
      readonly status: number;
      readonly headers?: OutgoingHttpHeaders;
      readonly body?: string | Uint8Array;
    }
  /** Something on the way answers in the server's place, and its body has no end. */
  | { readonly _tag: 'Endless'; readonly status: number; readonly headers?: OutgoingHttpHeaders }
  /** What comes back is not HTTP. */
  | { readonly _tag: 'Garbage' };

/** A request as the proxy saw it. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** Something between a client and a server. */
export interface FaultyProxy {
  /** Where clients reach it, without a slash at the end. */
  readonly url: string;
  /** Every request that arrived, in order. */
  readonly requests: readonly SeenRequest[];
  /** How many requests somebody still waits for. */
  readonly waiting: () => number;
  /** How many bytes of endless bodies it has got rid of. */
  readonly endlessBytes: () => number;
  /** Decides what happens to requests from now on. */
  readonly misbehave: (faultOf: (request: SeenRequest) => Fault) => void;
  readonly close: () => Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const NONE: Fault = { _tag: 'None' };
const PIECE = Buffer.alloc(65_536, 0x20);

/** Asks the server, with the headers that the client signed: its `Host` among them, which is the proxy's. */
const ask = async (origin: URL, { method, url, headers }: SeenRequest, body: Buffer): Promise<Answer> => {
  const { 'transfer-encoding': _chunked, expect: _expect, connection: _connection, ...rest } = headers;
  const sent = requestOf({
    host: origin.hostname,
    port: origin.port,
    method,
    path: url,
    agent: false,
    headers: { ...rest, ...(body.length > 0 || method === 'PUT' ? { 'content-length': body.length } : {}) },
  });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await buffer(answer) };
};

const headOf = ({ headers }: Answer): OutgoingHttpHeaders => {
  const { 'transfer-encoding': _chunked, connection: _connection, 'keep-alive': _keepAlive, ...rest } = headers;
  return rest;
};

const giveBack = (response: ServerResponse, answer: Answer): void => {
  response.writeHead(answer.status, headOf(answer));
  response.end(answer.body);
};

const drip = async (response: ServerResponse, answer: Answer, everyMs: number): Promise<void> => {
  response.writeHead(answer.status, headOf(answer));
  response.flushHeaders();
  for (const byte of answer.body) {
    if (response.destroyed) return;
    response.write(Uint8Array.of(byte));
    await sleep(everyMs);
  }
  response.end();
};

const truncate = (response: ServerResponse, answer: Answer, afterBytes: number): void => {
  response.writeHead(answer.status, headOf(answer));
  response.write(answer.body.subarray(0, afterBytes), () => response.destroy());
};

async function* withoutEnd(count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for (;;) {
    count(PIECE.length);
    yield PIECE;
  }
}

/**
 * A proxy on the loopback interface between a client of plain HTTP and the server at `origin`, which passes everything on
 * until it is told to misbehave. Signatures stay good: the server sees the headers that the client signed.
 */
export const faultyProxy = async (origin: string): Promise<FaultyProxy> => {
  const server = createServer();
  const requests: SeenRequest[] = [];
  let faultOf: (request: SeenRequest) => Fault = () => NONE;
  let endless = 0;
  let waiting = 0;

  const respond = async (seen: SeenRequest, body: Buffer, response: ServerResponse): Promise<void> => {
    const fault = faultOf(seen);
    const askServer = (): Promise<Answer> => ask(new URL(origin), seen, body);
    switch (fault._tag) {
      case 'None':
        giveBack(response, await askServer());
        return;
      case 'Drop':
        if (fault.when === 'AfterServer') await askServer();
        response.destroy();
        return;
      case 'Silence':
        if (fault.when === 'AfterServer') await askServer();
        return;
      case 'Delay': {
        const answer = await askServer();
        await sleep(fault.byMs);
        giveBack(response, answer);
        return;
      }
      case 'Drip':
        return drip(response, await askServer(), fault.everyMs);
      case 'Truncate':
        truncate(response, await askServer(), fault.afterBytes);
        return;
      case 'Repeat':
        await askServer();
        giveBack(response, await askServer());
        return;
      case 'Answer':
        response.writeHead(fault.status, fault.headers).end(fault.body);
        return;
      case 'Endless':
        response.writeHead(fault.status, fault.headers);
        response.flushHeaders();
        return pipeline(
          Readable.from(
            withoutEnd((bytes) => {
              endless += bytes;
            }),
          ),
          response,
        );
      case 'Garbage':
        response.socket?.end('\u0000\u0001 no HTTP \r\n\r\n');
    }
  };

  server.on('request', (request, response) => {
    const { method = '', url = '', headers } = request;
    const seen: SeenRequest = { method, url, headers };
    requests.push(seen);
    waiting += 1;
    response.on('close', () => {
      waiting -= 1;
    });
    buffer(request)
      .then((body) => respond(seen, body, response))
      // A client that has gone, or a server that has: to the client both are a connection that closes.
      .catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    waiting: () => waiting,
    endlessBytes: () => endless,
    misbehave: (decide) => {
      faultOf = decide;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
