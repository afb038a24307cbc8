/**
 * The framework as it is used here: its limits, and what it answers to requests that reach no route.
 *
 * @module
 */
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import * as O from 'fp-ts/lib/Option.js';
import { SECOND_MS } from '../../../domain/time.ts';
import type { Answer } from './answer.ts';
import type { HttpOptions } from './http-options.ts';
import { refusalProblem } from './problem.ts';

/** Names in a path reach their codec whatever their length, and are refused by it; a header is never as long as this. */
const PARAMETER_LENGTH_MAX = 64 * 1024;
/** An idle connection is kept longer than the proxies in front keep theirs, or they would send into one that closes. */
const KEEP_ALIVE_MS = 72 * SECOND_MS;
/** How often Node looks for requests that take too long, in milliseconds. */
const TIMEOUT_LOOK_MS = SECOND_MS;

/** Sends an answer. */
export const send = (reply: FastifyReply, { status, type, headers, body }: Answer): FastifyReply => {
  void reply.code(status).headers(headers).header('cache-control', 'no-store');
  return body === '' ? reply.send() : reply.type(type).send(body);
};

/** Whether a request announces a body. */
export const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

/** Sends an answer to a request whose body nobody is going to read: the connection is of no further use then. */
export const sendUnread = (request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply => {
  if (hasBody(request)) void reply.header('connection', 'close');
  return send(reply, answer);
};

const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

/** Answers what is not even a request. */
const answerClientError = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const status = STATUS_OF_CODE[error.code ?? ''] ?? 400;
  const { body, type } = refusalProblem(status, 'the request cannot be read');
  socket.end(
    [
      `HTTP/1.1 ${status} Refused`,
      `Content-Type: ${type}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
};

/** What the framework refuses with. */
export type FrameworkError = Error & { readonly statusCode?: number };

/** Sets the framework up, without a route. */
export const makeFramework = ({ tls, isBehindProxy, limits }: HttpOptions): FastifyInstance =>
  fastify({
    bodyLimit: limits.jsonBytesMax,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    // The last hop is the word of the proxy itself; what stands before that anybody may have written.
    trustProxy: isBehindProxy ? (_address, hop) => hop === 0 : false,
    routerOptions: { maxParamLength: PARAMETER_LENGTH_MAX },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error: FrameworkError, _request, reply) => {
      void send(reply, refusalProblem(error.statusCode ?? 400, error.message));
    },
    serverFactory: (handler) => {
      const timeouts = {
        headersTimeout: limits.headerMs,
        requestTimeout: limits.requestMs,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connectionsCheckingInterval: TIMEOUT_LOOK_MS,
      };
      return O.isNone(tls)
        ? createHttpServer(timeouts, handler)
        : createHttpsServer(
            { ...timeouts, cert: tls.value.certificate, key: tls.value.key, minVersion: 'TLSv1.2' },
            handler,
          );
    },
  });
