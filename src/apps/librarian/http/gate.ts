/**
 * The gate that every route with a permission stands behind: who is asking, and whether they may (law L6).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { isRecord } from '../../../domain/decoding.ts';
import { recordRefusal } from '../audit.ts';
import type { LibrarianPorts } from '../librarian-ports.ts';
import type { Answer } from './answer.ts';
import { forbiddenEnvironments, mayEver } from './permission.ts';
import { type Authenticate, LOCAL_PRINCIPAL, NOBODY, type Principal } from './principal.ts';
import { failureProblem, problem } from './problem.ts';
import type { RawAsked, Route } from './route.ts';

/** What lets requests in. */
export interface Gate {
  /** Whether they may come in at all; asked before a single byte of a body is read. */
  readonly admit: (route: Route, authorization: string | undefined) => Promise<E.Either<Answer, Principal>>;
  /** Whether what is asked concerns only environments that they may act on; else the answer. */
  readonly permit: (route: Route, asked: RawAsked) => Promise<O.Option<Answer>>;
}

const challenge = (parameters: string): Answer['headers'] => ({
  'www-authenticate': `Bearer realm="signalbox"${parameters}`,
});

const unauthenticated = (detail: string, parameters = ''): Answer =>
  problem('Unauthenticated', `Authorization: ${detail}`, {}, challenge(parameters));

const notPermitted = (permission: string): Answer =>
  problem(
    'NotPermitted',
    `permission ${permission} is needed; whoever keeps the configuration can grant it`,
    { permission },
    challenge(`, error="insufficient_scope", scope="${permission}"`),
  );

/** Why somebody asks, where the request says it. */
const reasonOf = ({ query, body }: Pick<RawAsked, 'query' | 'body'>): string => {
  const reasons = [body, query].map((part) => (isRecord(part) ? part['reason'] : undefined));
  return reasons.find((reason) => typeof reason === 'string') ?? '';
};

/** A gate; without anything to authenticate by, whoever reaches it is a user of this machine and may do everything. */
export const gateOf = (ports: LibrarianPorts, authenticate: O.Option<Authenticate>): Gate => {
  /** Refuses, and writes down what was tried (fault 67). */
  const refused = async (route: Route, { subject }: Principal, permission: string, why: string): Promise<Answer> => {
    const details = { permission, route: `${route.method} ${route.path}` };
    const entry = { who: subject, what: route.operation, why, details };
    await recordRefusal(ports)(entry, `not permitted: ${permission} is needed`);
    return notPermitted(permission);
  };

  return {
    admit: async (route, authorization) => {
      const { permission } = route;
      if (permission === undefined) return E.right(NOBODY);
      if (O.isNone(authenticate)) return E.right(LOCAL_PRINCIPAL);
      const authentication = await authenticate.value(authorization);
      switch (authentication._tag) {
        case 'Missing':
          return E.left(unauthenticated('expected `Bearer` and a token, got nothing'));
        case 'Invalid':
          ports.log('warn', 'credentials were refused', { route: route.operation, detail: authentication.detail });
          return E.left(unauthenticated(authentication.detail, ', error="invalid_token"'));
        case 'Unavailable':
          ports.log('error', 'nobody can be authenticated', { detail: authentication.detail });
          return E.left(problem('Unavailable', authentication.detail));
        case 'Authenticated': {
          const { principal } = authentication;
          return mayEver(principal.permissions, permission)
            ? E.right(principal)
            : E.left(await refused(route, principal, permission, ''));
        }
      }
    },
    permit: async (route, asked) => {
      const { permission } = route;
      if (permission === undefined) return O.none;
      const environments = await route.environments(ports, asked)();
      if (E.isLeft(environments)) return O.some(failureProblem(environments.left));
      const [forbidden] = forbiddenEnvironments(asked.principal.permissions, permission, environments.right);
      return forbidden === undefined
        ? O.none
        : O.some(await refused(route, asked.principal, `${permission}:${forbidden}`, reasonOf(asked)));
    },
  };
};
