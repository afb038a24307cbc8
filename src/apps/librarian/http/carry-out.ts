/**
 * What is done with a request whose parts are decoded: permitted, done once, answered.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { decodeWith, describeValue, isRecord } from '../../../domain/decoding.ts';
import type { LibrarianPorts } from '../librarian-ports.ts';
import type { Answer } from './answer.ts';
import { measured } from './body-limits.ts';
import type { Gate } from './gate.ts';
import type { HttpOptions } from './http-options.ts';
import { documentFingerprint, doneOnce, type Fingerprint, idempotencyKey, streamFingerprint } from './idempotency.ts';
import { parseIfMatch } from './precondition.ts';
import type { Principal } from './principal.ts';
import { fieldProblem, problem } from './problem.ts';
import type { RawAsked, Route } from './route.ts';
import type { SharedAnswers } from './shared-answers.ts';

/** What has come in: the parts as the framework decoded them, and the headers that every route reads alike. */
export interface Incoming extends Pick<RawAsked, 'params' | 'query' | 'body'> {
  readonly url: string;
  readonly ifMatch: string | undefined;
  readonly idempotencyKey: string | undefined;
}

interface Received {
  readonly body: unknown;
  readonly fingerprint: Fingerprint;
  readonly isTooLong: () => boolean;
}

const isEmpty = (body: unknown): boolean =>
  body === undefined || body === null || (isRecord(body) && Object.keys(body).length === 0);

const isStream = (body: unknown): body is AsyncIterable<Uint8Array> =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body;

const NEVER_TOO_LONG = (): boolean => false;

/** The body as the route takes it: a stream is measured and hashed in passing. */
const receive = (route: Route, { url, body }: Incoming, bytesMax: number): E.Either<Answer, Received> => {
  const target = `${route.method} ${url}`;
  switch (route.bodyKind) {
    case 'None':
      return isEmpty(body)
        ? E.right({ body, fingerprint: documentFingerprint(target, ''), isTooLong: NEVER_TOO_LONG })
        : E.left(fieldProblem([{ field: 'body', expected: 'none', got: describeValue(body) }]));
    case 'Json': {
      const text = JSON.stringify(route.body?.codec.encode(body));
      return E.right({ body, fingerprint: documentFingerprint(target, text), isTooLong: NEVER_TOO_LONG });
    }
    case 'Tarball': {
      if (!isStream(body)) return E.left(problem('WrongType', 'body: expected a tar.gz, sent as application/gzip'));
      const { stream: limited, isTooLong } = measured(body, bytesMax);
      const { stream, fingerprint } = streamFingerprint(target, limited);
      return E.right({ body: stream, fingerprint, isTooLong });
    }
  }
};

/** What requests are carried out with. */
export interface CarryOut extends Pick<HttpOptions, 'work' | 'limits'> {
  readonly ports: LibrarianPorts;
  readonly gate: Gate;
  readonly shared: SharedAnswers;
}

/** Answers one request. */
export const carryOut = async (
  { ports, gate, shared, work, limits: { artifactBytesMax } }: CarryOut,
  route: Route,
  incoming: Incoming,
  principal: Principal,
): Promise<Answer> => {
  const seen = parseIfMatch(incoming.ifMatch, route.isConditional);
  if (E.isLeft(seen)) return seen.left;
  const received = receive(route, incoming, artifactBytesMax);
  if (E.isLeft(received)) return received.left;
  const { body, fingerprint, isTooLong } = received.right;
  const { params, query } = incoming;
  const asked: RawAsked = { params, query, body, principal, seen: seen.right };
  const refusal = await gate.permit(route, asked);
  if (O.isSome(refusal)) return refusal.value;

  const perform = async (): Promise<Answer> => {
    try {
      const answer = await route.handle(ports, asked);
      return isTooLong() ? problem('TooLarge', `body: expected at most ${artifactBytesMax} bytes`) : answer;
    } finally {
      if (route.method !== 'GET') shared.forget();
    }
  };
  if (route.method === 'GET') return route.isShared ? shared.answer(route, perform) : perform();
  if (route.method !== 'POST' || incoming.idempotencyKey === undefined) return work.track(perform());
  const key = decodeWith(idempotencyKey.codec)(incoming.idempotencyKey);
  return E.isLeft(key)
    ? fieldProblem(key.left.map((error) => ({ ...error, field: 'Idempotency-Key' })))
    : work.track(doneOnce(ports, principal.subject, key.right, fingerprint, perform));
};
