/**
 * The Librarian over HTTP: the routes, with everything that holds for all of them. It decides nothing; what it is asked
 * for goes to the same functions as the commands.
 *
 * @module
 */
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { decodeWith, type FieldError } from '../../../domain/decoding.ts';
import { MINUTE_MS } from '../../../domain/time.ts';
import { inFlight } from '../in-flight.ts';
import type { LibrarianPorts } from '../librarian-ports.ts';
import { inTime } from './body-limits.ts';
import { carryOut } from './carry-out.ts';
import { type FrameworkError, hasBody, makeFramework, send, sendUnread } from './framework.ts';
import { gateOf } from './gate.ts';
import { HTTP_OPTIONS_DEFAULT, type HttpOptions } from './http-options.ts';
import { openapiOptions, openapiRoute, schemaOf } from './openapi.ts';
import { foreignness } from './origin.ts';
import type { Principal } from './principal.ts';
import { fieldProblem, problem, refusalProblem } from './problem.ts';
import { SCHEMAS } from './reports.ts';
import { RequestFault } from './request-fault.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes.ts';
import type { Shape } from './shape.ts';
import { sharedAnswers } from './shared-answers.ts';

/** Fields that are not of the form they must have, on their way through the framework. */
class FieldsFault extends Error {
  readonly errors: readonly FieldError[];

  constructor(errors: readonly FieldError[]) {
    super('fields are not of the form that they must have');
    this.errors = errors;
  }
}

const firstOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(', ') : header;

/** What is asked is decoded by the codec of its shape, and what is answered is text already. */
const setCompilers = (server: FastifyInstance): void => {
  server.setSerializerCompiler(() => (payload) => JSON.stringify(payload));
  server.setValidatorCompiler<Partial<Shape<unknown>>>(({ schema: { codec } }) => {
    if (codec === undefined) return () => true;
    const decode = decodeWith(codec);
    return (value: unknown) => {
      const decoded = decode(value);
      return E.isRight(decoded) ? { value: decoded.right } : { error: new FieldsFault(decoded.left) };
    };
  });
};

/** Says what goes wrong where no route says it. */
const setHandlers = (server: FastifyInstance, ports: LibrarianPorts): void => {
  server.setErrorHandler((error: FrameworkError, request, reply) => {
    if (error instanceof FieldsFault) return send(reply, fieldProblem(error.errors));
    const status = error.statusCode ?? 500;
    if (status >= 500) {
      ports.log('error', 'a request failed by a defect', { detail: error.message });
      return sendUnread(request, reply, problem('Defect', 'the Librarian failed; its log says more'));
    }
    return sendUnread(request, reply, refusalProblem(status, error.message));
  });
  server.setNotFoundHandler({ preHandler: server.rateLimit() }, (request, reply) =>
    sendUnread(request, reply, problem('NotFound', 'there is no such route')),
  );
};

/** Builds the server; it listens when the caller says so. */
export const librarianServer = (ports: LibrarianPorts, given: Partial<HttpOptions> = {}): FastifyInstance => {
  const options: HttpOptions = { ...HTTP_OPTIONS_DEFAULT, work: inFlight(), ...given };
  const { authenticate, limits } = options;
  const gate = gateOf(ports, authenticate);
  const context = { ports, gate, shared: sharedAnswers(ports.clock), work: options.work, limits };
  const principals = new WeakMap<FastifyRequest, Principal>();
  const server = makeFramework(options);
  setCompilers(server);

  server.addHook('onRequest', async (request, reply) => {
    const foreign = O.isSome(authenticate) ? undefined : foreignness(request);
    return foreign === undefined ? undefined : sendUnread(request, reply, problem('NotPermitted', foreign));
  });

  /** Adds a route to a scope of its own, which takes bodies of no other type than the route's. */
  const addRoute = (scope: FastifyInstance, route: Route): void => {
    const isTarball = route.bodyKind === 'Tarball';
    scope.removeAllContentTypeParsers();
    if (isTarball) {
      scope.addContentTypeParser('application/gzip', (_request, payload, done) => done(null, payload));
    } else {
      const parseJson = scope.getDefaultJsonParser('error', 'error');
      scope.addContentTypeParser('application/json', { parseAs: 'string' }, parseJson);
    }
    scope.route({
      method: route.method,
      url: route.path,
      schema: schemaOf(route),
      bodyLimit: isTarball ? limits.artifactBytesMax : limits.jsonBytesMax,
      // After the rate limit, and before a single byte of the body is read.
      preParsing: async (request, reply, payload) => {
        const admitted = await gate.admit(route, request.headers.authorization);
        if (E.isLeft(admitted)) return sendUnread(request, reply, admitted.left);
        principals.set(request, admitted.right);
        return isTarball || !hasBody(request) ? payload : inTime(payload, limits.jsonMs);
      },
      handler: async (request, reply) => {
        const { headers, params, query, body, url } = request;
        const incoming = {
          params,
          query,
          body,
          url,
          ifMatch: headers['if-match'],
          idempotencyKey: firstOf(headers['idempotency-key']),
        };
        const principal = principals.get(request);
        if (principal === undefined) throw new Error(`${request.method} ${route.path}: nobody was asked who is asking`);
        const answer = await carryOut(context, route, incoming, principal);
        return isTarball ? sendUnread(request, reply, answer) : send(reply, answer);
      },
    });
  };

  void server.register(swagger, openapiOptions('1'));
  void server.register(rateLimit, {
    max: limits.requestsPerMinute,
    timeWindow: MINUTE_MS,
    enableDraftSpec: true,
    errorResponseBuilder: (_request, { after }) =>
      new RequestFault(429, `expected at most ${limits.requestsPerMinute} requests a minute; try again in ${after}`),
  });
  void server.register(async (root) => {
    for (const [name, schema] of Object.entries(SCHEMAS)) root.addSchema({ ...schema, $id: name });
    setHandlers(server, ports);
    for (const route of [...ROUTES, openapiRoute(() => root.swagger())]) {
      await root.register(async (scope) => {
        addRoute(scope, route);
      });
    }
  });
  return server;
};
