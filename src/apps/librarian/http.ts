/**
 * The Librarian over HTTP: add an artifact, promote, tick, look. It answers on loopback only, because it asks nobody who
 * they are.
 *
 * @module
 */
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { boundedInteger, boundedText, decodeWith, formatFieldErrors } from '../../domain/decoding.ts';
import { optionField } from '../../domain/json-fields.ts';
import { EnvironmentName, StackName, Version } from '../../domain/names.ts';
import { SPLAY_SECONDS_MAX } from '../../domain/signal.ts';
import { formatInstant } from '../../domain/time.ts';
import { type Failure, formatFailure } from '../failure.ts';
import { addArtifact } from './add-artifact.ts';
import { promote } from './intervene.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { additionJson, interventionJson, statusJson, tickJson } from './report-json.ts';
import { status } from './status.ts';
import { dryRun, tick } from './tick.ts';

const Promotion = t.type({
  version: Version,
  environment: EnvironmentName,
  stack: optionField(StackName),
  splay: optionField(boundedInteger('splay in seconds', 0, SPLAY_SECONDS_MAX)),
  reason: boundedText('reason', 1024),
});

/** The HTTP status of each kind of failure. */
const STATUS: Readonly<Record<Failure['_tag'], number>> = {
  BadData: 422,
  Refused: 409,
  NotFound: 404,
  Unavailable: 503,
  TryAgain: 503,
  Damaged: 500,
};

/** Problem details as RFC 9457 has them, with the law's reason where a law refused. */
const answerProblem = (reply: FastifyReply, failure: Failure): FastifyReply => {
  const reason = failure._tag === 'Refused' ? { reason: failure.reason } : {};
  const retryAt =
    failure._tag === 'Refused' && failure.retryAt !== undefined ? { retry_at: formatInstant(failure.retryAt) } : {};
  const code = STATUS[failure._tag];
  return reply
    .code(code)
    .type('application/problem+json')
    .send({ title: failure._tag, status: code, detail: formatFailure(failure), ...reason, ...retryAt });
};

const answer = <A>(reply: FastifyReply, result: E.Either<Failure, A>, toJson: (a: A) => object): FastifyReply =>
  E.isLeft(result) ? answerProblem(reply, result.left) : reply.send(toJson(result.right));

/** The largest artifact that is taken over HTTP, in bytes: 2 GiB. */
export const ARTIFACT_BYTES_MAX = 2 * 1024 ** 3;
const JSON_BYTES_MAX = 64 * 1024;
const REQUEST_TIMEOUT_MS = 600_000;

/** Builds the server; it listens when the caller says so. */
export const librarianServer = (ports: LibrarianPorts): FastifyInstance => {
  const server = fastify({
    bodyLimit: JSON_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
  });

  server.removeContentTypeParser('text/plain');
  server.addContentTypeParser('application/gzip', (_request, payload, done) => {
    done(null, payload);
  });

  server.setErrorHandler((error: Error & { readonly statusCode?: number }, _request, reply) => {
    const code = error.statusCode ?? 500;
    if (code >= 500) ports.log('error', 'a request failed', { detail: error.message });
    return reply
      .code(code)
      .type('application/problem+json')
      .send({ title: error.name, status: code, detail: error.message });
  });

  server.get('/v1/status', async (_request, reply) => answer(reply, await status(ports)(), statusJson));

  server.post('/v1/artifacts', { bodyLimit: ARTIFACT_BYTES_MAX }, async (request, reply) => {
    const body = request.body as AsyncIterable<Uint8Array> | undefined;
    if (body === undefined || !(Symbol.asyncIterator in body)) {
      return answerProblem(reply, { _tag: 'BadData', detail: 'body: expected a tar.gz sent as application/gzip' });
    }
    return answer(reply, await addArtifact(ports)(body)(), additionJson);
  });

  server.post('/v1/promotions', async (request, reply) => {
    const asked = decodeWith(Promotion)(request.body);
    if (E.isLeft(asked)) return answerProblem(reply, { _tag: 'BadData', detail: formatFieldErrors(asked.left) });
    const { version, environment, stack, splay, reason } = asked.right;
    const asker = { who: 'http', why: reason };
    const done = await promote(ports)(asker, { version, environment, stack, splaySeconds: splay })();
    return answer(reply, done, interventionJson);
  });

  server.post<{ Querystring: { readonly dry_run?: string } }>('/v1/tick', async (request, reply) =>
    answer(reply, await (request.query.dry_run === 'true' ? dryRun(ports) : tick(ports))(), tickJson),
  );

  return server;
};

/** Whether `host` can be reached from this machine only. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);

/** Splits `host:port`; none where the port is no port. */
export const parseListen = (listen: string): O.Option<{ readonly host: string; readonly port: number }> => {
  const at = listen.lastIndexOf(':');
  const port = Number(listen.slice(at + 1));
  const host = listen.slice(0, at).replace(/^\[|\]$/g, '');
  return port >= 0 && port <= 65_535 ? O.some({ host, port }) : O.none;
};
