/**
 * What somebody may do: a verb, and for the verbs that move environments the environments it is for (law L6).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import type { EnvironmentName } from '../../../domain/names.ts';
import { matchesGlob } from '../../../domain/run-request.ts';

/** The verbs that concern the whole plan. */
export const PLAN_VERBS = ['read', 'tick', 'artifact:add', 'artifact:reject', 'artifact:approve'] as const;
/** The verbs that concern environments, each of which has to be permitted. */
export const ENVIRONMENT_VERBS = ['promote', 'rollback', 'hold', 'run'] as const;

/** A verb that concerns the whole plan. */
export type PlanVerb = (typeof PLAN_VERBS)[number];
/** A verb that concerns environments. */
export type EnvironmentVerb = (typeof ENVIRONMENT_VERBS)[number];
/** Anything that a permission is for. */
export type Verb = PlanVerb | EnvironmentVerb;

/** One thing that somebody may do. */
export type Permission =
  | { readonly _tag: 'Everything' }
  | { readonly _tag: 'OnPlan'; readonly verb: PlanVerb }
  /** `pattern` is a name or a glob of names; one that names no environment of the plan permits nothing. */
  | { readonly _tag: 'OnEnvironments'; readonly verb: EnvironmentVerb; readonly pattern: string };

const EXPECTED = `* for everything, one of ${PLAN_VERBS.join(', ')}, or one of ${ENVIRONMENT_VERBS.join(', ')} with environments, such as promote:dev or rollback:prod-*`;

const PATTERN = /^[A-Za-z0-9_*?-]{1,64}$/;

const isPlanVerb = (text: string): text is PlanVerb => PLAN_VERBS.some((verb) => verb === text);
const isEnvironmentVerb = (text: string): text is EnvironmentVerb => ENVIRONMENT_VERBS.some((verb) => verb === text);

/** Reads `*`, `tick` or `promote:prod-*`; the error says what was expected. */
export const parsePermission = (text: string): E.Either<string, Permission> => {
  if (text === '*') return E.right({ _tag: 'Everything' });
  if (isPlanVerb(text)) return E.right({ _tag: 'OnPlan', verb: text });
  const [, verb = '', pattern = ''] = /^([a-z]+):(.*)$/s.exec(text) ?? [];
  return isEnvironmentVerb(verb) && PATTERN.test(pattern)
    ? E.right({ _tag: 'OnEnvironments', verb, pattern })
    : E.left(EXPECTED);
};

/** Writes a permission in the form that {@link parsePermission} reads. */
export const formatPermission = (permission: Permission): string => {
  switch (permission._tag) {
    case 'Everything':
      return '*';
    case 'OnPlan':
      return permission.verb;
    case 'OnEnvironments':
      return `${permission.verb}:${permission.pattern}`;
  }
};

/** Reads and writes a {@link Permission}. */
export const PermissionField: t.Type<Permission, string> = new t.Type<Permission, string>(
  'permission',
  (u): u is Permission => typeof u === 'object' && u !== null && '_tag' in u,
  (u, context) => {
    const parsed = parsePermission(typeof u === 'string' ? u : '');
    return E.isRight(parsed) ? t.success(parsed.right) : t.failure(u, context, parsed.left);
  },
  formatPermission,
);

/** Whether `held` permit `verb` at all, be it for a single environment: who may not is told so before a body is read. */
export const mayEver = (held: readonly Permission[], verb: Verb): boolean =>
  held.some((permission) => permission._tag === 'Everything' || permission.verb === verb);

/** The environments for which `held` do not permit `verb`; for a verb of the whole plan nobody is asked about any. */
export const forbiddenEnvironments = (
  held: readonly Permission[],
  verb: Verb,
  environments: readonly EnvironmentName[],
): readonly EnvironmentName[] =>
  environments.filter(
    (environment) =>
      !held.some(
        (permission) =>
          permission._tag === 'Everything' ||
          (permission._tag === 'OnEnvironments' &&
            permission.verb === verb &&
            matchesGlob(permission.pattern, environment)),
      ),
  );
