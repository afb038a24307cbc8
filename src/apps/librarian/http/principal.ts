import type { Permission } from './permission.ts';

/** Somebody who proved who they are. */
export interface Principal {
  /**
   * As the audit trail has it: `token:NAME` or `oidc:SUBJECT`, so that nobody can be called what the train or another
   * kind of credentials is called.
   */
  readonly subject: string;
  readonly permissions: readonly Permission[];
}

/** What became of the credentials of a request. Everything but `Authenticated` keeps the request out. */
export type Authentication =
  | { readonly _tag: 'Authenticated'; readonly principal: Principal }
  /** There are none. */
  | { readonly _tag: 'Missing' }
  /** They are wrong, have expired, or are not of a form that is known. `detail` tells nothing of the credentials. */
  | { readonly _tag: 'Invalid'; readonly detail: string }
  /** Nobody can say at the moment whether they are right. */
  | { readonly _tag: 'Unavailable'; readonly detail: string };

/** Judges the `Authorization` header of a request. Never rejects. */
export type Authenticate = (authorization: string | undefined) => Promise<Authentication>;

/** Anybody who reaches the embedded default: a user of this machine, who may do everything. */
export const LOCAL_PRINCIPAL: Principal = { subject: 'http', permissions: [{ _tag: 'Everything' }] };

/** Whoever asks a route that needs no permission, as a probe does. */
export const NOBODY: Principal = { subject: 'nobody', permissions: [] };
