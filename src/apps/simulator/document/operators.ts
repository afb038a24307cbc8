/**
 * What operators do in a scenario, as its document has it: one entry for each deed, `does` saying which.
 *
 * @module
 */
import * as t from 'io-ts';
import { type DocumentFault, isRecord } from '../../../domain/decoding.ts';
import type { HoldScope } from '../../../domain/hold.ts';
import { formatHoldScope, HoldScopeText, scopeExpected } from '../../../domain/hold-text.ts';
import { EnvironmentName, Slug, StackName, Version } from '../../../domain/names.ts';
import { boundedDuration } from '../../../domain/json-fields.ts';
import { environmentsOf, type ReleasePlan } from '../../../domain/release-plan.ts';
import { NodePattern } from '../../../domain/signal.ts';
import {
  REQUEST_OPEN_MS_DEFAULT,
  REQUEST_OPEN_MS_MAX,
  REQUEST_OPEN_MS_MIN,
  REQUEST_SPLAY_SECONDS_DEFAULT,
} from '../../librarian/request-run.ts';
import type { OperatorAction, OperatorDeed } from '../scenario.ts';
import {
  At,
  exactRecord,
  faultsOfRepeats,
  faultUnlessAmong,
  Lasting,
  type Path,
  someOf,
  SplaySeconds,
} from './fields.ts';
import { FleetScopeField, type FleetScopeJson, placeFaults } from './scope.ts';

/** {@link OperatorAction} as a document has it. */
export type OperatorJson = { readonly at: string } & (
  | {
      readonly does: 'hold';
      readonly id: string;
      /** `plan`, `stage:NAME`, `environment:NAME` or `stack:NAME`. */
      readonly scope: string;
      readonly for?: string;
    }
  | { readonly does: 'lift'; readonly id: string }
  | {
      readonly does: 'promote';
      readonly version: string;
      readonly environment: string;
      readonly stack?: string;
      /** In seconds. */
      readonly splay?: number;
    }
  | { readonly does: 'rollback'; readonly environments: readonly string[]; readonly to?: string }
  | { readonly does: 'reject'; readonly version: string }
  | { readonly does: 'approve'; readonly version: string }
  | {
      readonly does: 'disable';
      /** Default everywhere. */
      readonly on?: FleetScopeJson;
      readonly for: string;
      /** Default false. */
      readonly floor_too?: boolean;
    }
  | { readonly does: 'enable'; readonly on?: FleetScopeJson }
  | { readonly does: 'run-now'; readonly on?: FleetScopeJson }
  | {
      readonly does: 'run-request';
      readonly id: string;
      readonly environment: string;
      /** Names or globs; default all of the environment. */
      readonly nodes?: readonly string[];
      /** In seconds, default 300. */
      readonly splay?: number;
      /** Default 4h. */
      readonly expires?: string;
    }
  | { readonly does: 'withdraw'; readonly id: string; readonly environment: string }
);

const OpenFor = boundedDuration(REQUEST_OPEN_MS_MIN, REQUEST_OPEN_MS_MAX);

const deed = <Does extends string, R extends t.Props, P extends t.Props>(does: Does, required: R, optional: P) =>
  exactRecord(`an operator's ${does}`, { at: At, does: t.literal(does), ...required }, optional);

const DEEDS = {
  hold: deed('hold', { id: Slug, scope: HoldScopeText }, { for: Lasting }),
  lift: deed('lift', { id: Slug }, {}),
  promote: deed(
    'promote',
    { version: Version, environment: EnvironmentName },
    { stack: StackName, splay: SplaySeconds },
  ),
  rollback: deed('rollback', { environments: someOf(EnvironmentName) }, { to: Version }),
  reject: deed('reject', { version: Version }, {}),
  approve: deed('approve', { version: Version }, {}),
  disable: deed('disable', { for: Lasting }, { on: FleetScopeField, floor_too: t.boolean }),
  enable: deed('enable', {}, { on: FleetScopeField }),
  'run-now': deed('run-now', {}, { on: FleetScopeField }),
  'run-request': deed(
    'run-request',
    { id: Slug, environment: EnvironmentName },
    { nodes: someOf(NodePattern), splay: SplaySeconds, expires: OpenFor },
  ),
  withdraw: deed('withdraw', { id: Slug, environment: EnvironmentName }, {}),
} satisfies Record<OperatorDeed['does'], t.Mixed>;

/** {@link OperatorJson} with its fields read. */
export type OperatorWire = t.TypeOf<(typeof DEEDS)[OperatorDeed['does']]>;

const isDeed = (does: unknown): does is OperatorDeed['does'] => typeof does === 'string' && Object.hasOwn(DEEDS, does);

const DEEDS_EXPECTED = `one of ${Object.keys(DEEDS).join(', ')}`;

const encodeDeed = (wire: OperatorWire): OperatorJson => {
  switch (wire.does) {
    case 'hold':
      return DEEDS.hold.encode(wire);
    case 'lift':
      return DEEDS.lift.encode(wire);
    case 'promote':
      return DEEDS.promote.encode(wire);
    case 'rollback':
      return DEEDS.rollback.encode(wire);
    case 'reject':
      return DEEDS.reject.encode(wire);
    case 'approve':
      return DEEDS.approve.encode(wire);
    case 'disable':
      return DEEDS.disable.encode(wire);
    case 'enable':
      return DEEDS.enable.encode(wire);
    case 'run-now':
      return DEEDS['run-now'].encode(wire);
    case 'run-request':
      return DEEDS['run-request'].encode(wire);
    case 'withdraw':
      return DEEDS.withdraw.encode(wire);
  }
};

/** Reads and writes an {@link OperatorWire}. */
export const OperatorField: t.Type<OperatorWire, OperatorJson> = new t.Type<OperatorWire, OperatorJson>(
  'what an operator does',
  (u): u is OperatorWire => isRecord(u) && isDeed(u['does']) && DEEDS[u['does']].is(u),
  (u, context): t.Validation<OperatorWire> => {
    if (!isRecord(u)) return t.failure(u, context, 'what an operator does: at, does and more');
    const { does } = u;
    return isDeed(does)
      ? DEEDS[does].validate(u, context)
      : t.failure(does, t.appendContext(context, 'does', t.string, does), DEEDS_EXPECTED);
  },
  encodeDeed,
);

/** What the operators' deeds may name. */
export interface Known {
  readonly plan: ReleasePlan;
  /** The installed version and the artifacts; those of a stream have no names before they come. */
  readonly versions: readonly Version[];
}

const scopeFaults = (plan: ReleasePlan, scope: HoldScope, path: Path): readonly DocumentFault[] => {
  const expected = scopeExpected(plan, scope);
  return expected === undefined ? [] : [{ path, value: formatHoldScope(scope), expected }];
};

const deedFaults = ({ plan, versions }: Known, wire: OperatorWire, path: Path): readonly DocumentFault[] => {
  const at = (field: string): Path => [...path, field];
  switch (wire.does) {
    case 'hold':
      return scopeFaults(plan, wire.scope, at('scope'));
    case 'lift':
      return [];
    case 'promote':
      return [
        ...faultUnlessAmong(at('version'), wire.version, versions),
        ...faultUnlessAmong(at('environment'), wire.environment, environmentsOf(plan)),
        ...(wire.stack === undefined ? [] : faultUnlessAmong(at('stack'), wire.stack, plan.stacks)),
      ];
    case 'rollback':
      return [
        ...placeFaults(plan, { environments: wire.environments }, path),
        ...(wire.to === undefined ? [] : faultUnlessAmong(at('to'), wire.to, versions)),
      ];
    case 'reject':
    case 'approve':
      return faultUnlessAmong(at('version'), wire.version, versions);
    case 'disable':
    case 'enable':
    case 'run-now':
      return placeFaults(plan, wire.on ?? {}, at('on'));
    case 'run-request':
    case 'withdraw':
      return faultUnlessAmong(at('environment'), wire.environment, environmentsOf(plan));
  }
};

/** What people begin under a name of their own, and how they end it. */
const NAMED_DEEDS = [
  { begins: 'hold', ends: 'lift', what: 'hold', done: 'set' },
  { begins: 'run-request', ends: 'withdraw', what: 'run request', done: 'made' },
] as const;

/** Two of a kind that have one name, and ends of what nobody has begun by then. */
const nameFaults = (wires: readonly OperatorWire[]): readonly DocumentFault[] =>
  NAMED_DEEDS.flatMap(({ begins, ends, what, done }) => {
    const begun = wires.flatMap((wire, i) =>
      wire.does === begins ? [{ path: ['operators', i, 'id'], name: wire.id, at: wire.at }] : [],
    );
    return [
      ...faultsOfRepeats(begun, `an id that no other ${what} has`),
      ...wires.flatMap((wire, i): readonly DocumentFault[] => {
        if (wire.does !== ends) return [];
        const earlier = begun.filter(({ at }) => at <= wire.at).map(({ name }) => name);
        return earlier.includes(wire.id)
          ? []
          : [{ path: ['operators', i, 'id'], value: wire.id, expected: `the id of a ${what} that was ${done} before` }];
      }),
    ];
  });

/** What of the operators' deeds the scenario does not have. */
export const operatorFaults = (known: Known, wires: readonly OperatorWire[]): readonly DocumentFault[] => [
  ...wires.flatMap((wire, i) => deedFaults(known, wire, ['operators', i])),
  ...nameFaults(wires),
];

const deedOfWire = (wire: OperatorWire): OperatorDeed => {
  switch (wire.does) {
    case 'hold':
      return {
        does: wire.does,
        id: wire.id,
        scope: wire.scope,
        ...(wire.for === undefined ? {} : { forMs: wire.for }),
      };
    case 'lift':
      return { does: wire.does, id: wire.id };
    case 'promote':
      return {
        does: wire.does,
        version: wire.version,
        environment: wire.environment,
        ...(wire.stack === undefined ? {} : { stack: wire.stack }),
        ...(wire.splay === undefined ? {} : { splaySeconds: wire.splay }),
      };
    case 'rollback':
      return {
        does: wire.does,
        environments: wire.environments,
        ...(wire.to === undefined ? {} : { to: wire.to }),
      };
    case 'reject':
    case 'approve':
      return { does: wire.does, version: wire.version };
    case 'disable':
      return { does: wire.does, on: wire.on ?? {}, forMs: wire.for, floorToo: wire.floor_too ?? false };
    case 'enable':
    case 'run-now':
      return { does: wire.does, on: wire.on ?? {} };
    case 'run-request':
      return {
        does: wire.does,
        id: wire.id,
        environment: wire.environment,
        ...(wire.nodes === undefined ? {} : { nodes: wire.nodes }),
        splaySeconds: wire.splay ?? REQUEST_SPLAY_SECONDS_DEFAULT,
        opensForMs: wire.expires ?? REQUEST_OPEN_MS_DEFAULT,
      };
    case 'withdraw':
      return { does: wire.does, id: wire.id, environment: wire.environment };
  }
};

/** The action that `wire` stands for. */
export const actionOfWire = (wire: OperatorWire): OperatorAction => ({ atMs: wire.at, deed: deedOfWire(wire) });

/** The action as a document has it. */
export const wireOfAction = ({ atMs: at, deed: done }: OperatorAction): OperatorWire => {
  switch (done.does) {
    case 'hold': {
      const { forMs, ...rest } = done;
      return { at, ...rest, ...(forMs === undefined ? {} : { for: forMs }) };
    }
    case 'promote': {
      const { splaySeconds, ...rest } = done;
      return { at, ...rest, ...(splaySeconds === undefined ? {} : { splay: splaySeconds }) };
    }
    case 'disable':
      return { at, does: done.does, on: done.on, for: done.forMs, floor_too: done.floorToo };
    case 'run-request': {
      const { splaySeconds, opensForMs, ...rest } = done;
      return { at, ...rest, splay: splaySeconds, expires: opensForMs };
    }
    case 'lift':
    case 'rollback':
    case 'reject':
    case 'approve':
    case 'enable':
    case 'run-now':
    case 'withdraw':
      return { at, ...done };
  }
};
