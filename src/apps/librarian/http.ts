/**
 * The Librarian over HTTP: add an artifact, promote, tick, look. It answers on loopback only, because it asks nobody who
 * they are.
 *
 * @module
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { Reason } from '../../domain/control-state.ts';
import { boundedInteger, decodeWith, formatFieldErrors } from '../../domain/decoding.ts';
import { defaultedField, exactFields, optionField } from '../../domain/json-fields.ts';
import { EnvironmentName, StackName, Version } from '../../domain/names.ts';
import { SPLAY_SECONDS_MAX } from '../../domain/signal.ts';
import { formatInstant } from '../../domain/time.ts';
import { badData, type Failure, formatFailure } from '../failure.ts';
import { isLoopback } from '../listen-address.ts';
import { addArtifact } from './add-artifact.ts';
import { type InFlight, inFlight } from './in-flight.ts';
import { promote } from './intervene.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { additionJson, interventionJson, statusJson, tickJson } from './report-json.ts';
import { status } from './status.ts';
import { dryRun, tick } from './tick.ts';

const Promotion = exactFields('promotion', {
  version: Version,
  environment: EnvironmentName,
  stack: optionField(StackName),
  splay: optionField(boundedInteger('splay in seconds', 0, SPLAY_SECONDS_MAX)),
  reason: Reason,
});

const NoQuery = exactFields('query', {});
const TickQuery = exactFields('query', {
  dry_run: defaultedField(t.keyof({ true: null, false: null }, 'true or false'), 'false'),
});
const ArtifactQuery = exactFields('query', { reason: defaultedField(Reason, 'received') });

/** Nobody here knows who it was. */
const askerFor = (why: string) => ({ who: 'http', why });

/** The HTTP status of each kind of failure. */
const STATUS: Readonly<Record<Failure['_tag'], number>> = {
  BadData: 422,
  Refused: 409,
  NotFound: 404,
  Unavailable: 503,
  TryAgain: 503,
  Damaged: 500,
};

/** A problem as RFC 9457 has it; `extension` carries what the kind of problem has to say beyond the usual. */
const sendProblem = (
  reply: FastifyReply,
  status: number,
  title: string,
  detail: string,
  extension: object = {},
): FastifyReply =>
  reply
    .code(status)
    .type('application/problem+json')
    .send({ ...extension, title, status, detail });

/** A failure as a problem, with the law's reason where a law refused. */
const answerProblem = (reply: FastifyReply, failure: Failure): FastifyReply => {
  const reason = failure._tag === 'Refused' ? { reason: failure.reason } : {};
  const retryAt =
    failure._tag === 'Refused' && failure.retryAt !== undefined ? { retry_at: formatInstant(failure.retryAt) } : {};
  return sendProblem(reply, STATUS[failure._tag], failure._tag, formatFailure(failure), { ...reason, ...retryAt });
};

const answer = <A>(reply: FastifyReply, result: E.Either<Failure, A>, toJson: (a: A) => object): FastifyReply =>
  E.isLeft(result) ? answerProblem(reply, result.left) : reply.send(toJson(result.right));

/** What may have left some stack behind. */
interface WithTroubles {
  readonly troubles: readonly { readonly detail: string }[];
}

/** The answer of a request that is only done when every stack has done it: otherwise the report is a problem's. */
const answerWhole = <A extends WithTroubles>(
  reply: FastifyReply,
  result: E.Either<Failure, A>,
  toJson: (a: A) => object,
): FastifyReply => {
  if (E.isLeft(result) || result.right.troubles.length === 0) return answer(reply, result, toJson);
  const detail = `${result.right.troubles.map((trouble) => trouble.detail).join('; ')}; trying again is right, and harmless`;
  return sendProblem(reply, STATUS.TryAgain, 'TryAgain', detail, toJson(result.right));
};

/** Reads a query or a body with `codec`. */
const asked = <A, J>(codec: t.Type<A, J>, given: unknown): E.Either<Failure, A> =>
  E.mapLeft((errors: Parameters<typeof formatFieldErrors>[0]) => badData(formatFieldErrors(errors)))(
    decodeWith(codec)(given),
  );

/**
 * Why a request is not one that somebody on this machine made on purpose. A browser sends where a page came from as
 * `Origin`, and a page that had its name resolve to this machine betrays itself by `Host`.
 */
const foreignness = ({ headers, hostname }: FastifyRequest): string | undefined => {
  if (headers.origin !== undefined) return 'Origin: expected none, since no web page has business here';
  return isLoopback(hostname) ? undefined : 'Host: expected this machine, such as 127.0.0.1 or localhost';
};

/** The largest artifact that is taken over HTTP, in bytes: 2 GiB. */
const ARTIFACT_BYTES_MAX = 2 * 1024 ** 3;
const JSON_BYTES_MAX = 64 * 1024;
const REQUEST_TIMEOUT_MS = 600_000;

/**
 * Builds the server; it listens when the caller says so.
 *
 * @param work - counts what requests have begun, so that whoever closes the server can wait for it.
 */
export const librarianServer = (ports: LibrarianPorts, work: InFlight = inFlight()): FastifyInstance => {
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
    return sendProblem(reply, code, error.name, error.message);
  });
  server.setNotFoundHandler((_request, reply) => sendProblem(reply, 404, 'NotFound', 'there is no such route'));
  server.addHook('onRequest', async (request, reply) => {
    const foreign = foreignness(request);
    return foreign === undefined ? undefined : sendProblem(reply, 403, 'NotPermitted', foreign);
  });

  server.get('/v1/status', async (request, reply) => {
    const query = asked(NoQuery, request.query);
    return E.isLeft(query) ? answerProblem(reply, query.left) : answer(reply, await status(ports)(), statusJson);
  });

  server.post('/v1/artifacts', { bodyLimit: ARTIFACT_BYTES_MAX }, async (request, reply) => {
    const query = asked(ArtifactQuery, request.query);
    if (E.isLeft(query)) return answerProblem(reply, query.left);
    const body = request.body as AsyncIterable<Uint8Array> | undefined;
    if (body === undefined || !(Symbol.asyncIterator in body)) {
      return answerProblem(reply, badData('body: expected a tar.gz sent as application/gzip'));
    }
    const added = await work.track(addArtifact(ports)(body, askerFor(query.right.reason))());
    return answerWhole(reply, added, additionJson);
  });

  server.post('/v1/promotions', async (request, reply) => {
    const query = asked(NoQuery, request.query);
    if (E.isLeft(query)) return answerProblem(reply, query.left);
    const body = asked(Promotion, request.body);
    if (E.isLeft(body)) return answerProblem(reply, body.left);
    const { version, environment, stack, splay, reason } = body.right;
    const promotion = { version, environment, stack, splaySeconds: splay };
    const done = await work.track(promote(ports)(askerFor(reason), promotion)());
    return answerWhole(reply, done, interventionJson);
  });

  server.post('/v1/tick', async (request, reply) => {
    const query = asked(TickQuery, request.query);
    if (E.isLeft(query)) return answerProblem(reply, query.left);
    const isDry = query.right.dry_run === 'true';
    const ticked = await work.track((isDry ? dryRun(ports) : tick(ports))());
    return answerWhole(reply, ticked, (report) => tickJson(report, isDry));
  });

  return server;
};
