/**
 * Routes as data: where, what for, who may, what comes in, what goes out. The server and its OpenAPI document are made from
 * the same list.
 *
 * @module
 */
import type * as O from 'fp-ts/lib/Option.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { EnvironmentName } from '../../../domain/names.ts';
import type { Failure } from '../../failure.ts';
import type { Asker } from '../intervene.ts';
import type { LibrarianPorts } from '../librarian-ports.ts';
import type { Answer } from './answer.ts';
import type { EnvironmentVerb, PlanVerb, Verb } from './permission.ts';
import type { Principal } from './principal.ts';
import { type JsonSchema, NOTHING, type Shape } from './shape.ts';

/** A request whose every part has the form that it must have. */
export interface Asked<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly principal: Principal;
  /** The tag of the control state that the request was decided on; none: whatever it is. */
  readonly seen: O.Option<string>;
}

/** What a body is: a document, or a tarball that streams in. */
export type BodyKind = 'None' | 'Json' | 'Tarball';

/** One way in which a route answers when all is well. */
export interface GoodAnswer {
  readonly description: string;
  /** None: it has no body. */
  readonly schema?: JsonSchema;
  /** `application/json` unless it says otherwise. */
  readonly type?: string;
}

/** What credentials have to permit (law L6). */
type Demand<P, Q, B> =
  | {
      /** None: anybody may ask, as a probe does. */
      readonly permission: PlanVerb | undefined;
      readonly environments?: never;
    }
  | {
      readonly permission: EnvironmentVerb;
      /** The environments that the request is about, each of which has to be permitted. */
      readonly environments: (
        ports: LibrarianPorts,
        asked: Asked<P, Q, B>,
      ) => TE.TaskEither<Failure, readonly EnvironmentName[]>;
    };

/** What one route is, but for what credentials have to permit. */
interface Definition<P, Q, B> {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Parameters as the framework writes them, such as `/v1/holds/:id`. */
  readonly path: string;
  /** Names the route in the OpenAPI document and in the audit trail. */
  readonly operation: string;
  readonly summary: string;
  readonly params?: Shape<P>;
  readonly query?: Shape<Q>;
  readonly body?: Shape<B> | 'Tarball';
  /** Whether it decides on the control state, and so takes `If-Match`. */
  readonly isConditional?: true;
  /** Whether it answers everybody alike, whatever they ask, so that one reading is enough for all who ask at a time. */
  readonly isShared?: true;
  readonly answers: Readonly<Record<number, GoodAnswer>>;
  readonly handle: (ports: LibrarianPorts, asked: Asked<P, Q, B>) => Promise<Answer>;
}

/** One route, with the types of its parts. */
export type RouteDefinition<P, Q, B> = Definition<P, Q, B> & Demand<P, Q, B>;

/** The parts of a request as the framework hands them over: decoded by the shapes of the route. */
export type RawAsked = Asked<unknown, unknown, unknown>;

/** One route, whatever its types. */
export interface Route extends Pick<
  Definition<unknown, unknown, unknown>,
  'method' | 'path' | 'operation' | 'summary' | 'answers'
> {
  readonly permission: Verb | undefined;
  readonly params: Shape<unknown>;
  readonly query: Shape<unknown>;
  /** None where the body is no document. */
  readonly body: Shape<unknown> | undefined;
  readonly bodyKind: BodyKind;
  readonly isConditional: boolean;
  readonly isShared: boolean;
  /** The environments that a request is about; none for a verb that concerns the whole plan. */
  readonly environments: (ports: LibrarianPorts, asked: RawAsked) => TE.TaskEither<Failure, readonly EnvironmentName[]>;
  readonly handle: (ports: LibrarianPorts, asked: RawAsked) => Promise<Answer>;
}

const erased = <A>(shape: Shape<A> | undefined): Shape<unknown> => (shape ?? NOTHING) as Shape<unknown>;

/** Puts a route on the list. */
export const route = <P, Q, B>(definition: RouteDefinition<P, Q, B>): Route => {
  const { params, query, body, environments, handle, isConditional, isShared, ...rest } = definition;
  // The server decodes each part with the shape that stands here, so what reaches the handler has these types.
  const typed = (asked: RawAsked): Asked<P, Q, B> => asked as Asked<P, Q, B>;
  return {
    ...rest,
    params: erased(params),
    query: erased(query),
    body: body === undefined || body === 'Tarball' ? undefined : erased(body),
    bodyKind: body === undefined ? 'None' : body === 'Tarball' ? 'Tarball' : 'Json',
    isConditional: isConditional === true,
    isShared: isShared === true,
    environments: (ports, asked) => (environments === undefined ? TE.right([]) : environments(ports, typed(asked))),
    handle: (ports, asked) => handle(ports, typed(asked)),
  };
};

/** Who the audit trail says asked, and why. */
export const askerOf = ({ principal, seen }: Pick<RawAsked, 'principal' | 'seen'>, why: string): Asker => ({
  who: principal.subject,
  why,
  seen,
});
