/**
 * The pin: which artifact version an environment of a stack is on, and how it is written into a Chef environment.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { isRecord } from './decoding.ts';
import { allCookbooks, type Manifest } from './manifest.ts';
import { EnvironmentName, Version } from './names.ts';

/**
 * A Chef environment as the Chef Infra Server stores it. Only the fields that a pin touches are typed; whatever else
 * stands there is carried along untouched, because the server resets what a PUT leaves out.
 */
export interface ChefEnvironment {
  readonly name: EnvironmentName;
  readonly description: string;
  readonly json_class: 'Chef::Environment';
  readonly chef_type: 'environment';
  readonly default_attributes: Readonly<Record<string, unknown>>;
  readonly override_attributes: Readonly<Record<string, unknown>>;
  /** Cookbook name → constraint, such as `"= 7.5.23"`. */
  readonly cookbook_versions: Readonly<Record<string, string>>;
}

const Attributes = t.readonly(t.record(t.string, t.unknown));

const Checked: t.Type<ChefEnvironment, object> = t.type(
  {
    name: EnvironmentName,
    description: t.string,
    json_class: t.literal('Chef::Environment'),
    chef_type: t.literal('environment'),
    default_attributes: Attributes,
    override_attributes: Attributes,
    cookbook_versions: t.readonly(t.record(t.string, t.string)),
  },
  'ChefEnvironment',
);

/** Reads and writes a {@link ChefEnvironment}, which is the same object on either side: a copy could lose a key. */
export const ChefEnvironment: t.Type<ChefEnvironment, object> = new t.Type<ChefEnvironment, object>(
  'ChefEnvironment',
  Checked.is,
  Checked.validate,
  t.identity,
);

/** The environment that Chef would create for a name nobody has used. */
export const emptyChefEnvironment = (name: EnvironmentName): ChefEnvironment => ({
  name,
  description: '',
  json_class: 'Chef::Environment',
  chef_type: 'environment',
  default_attributes: {},
  override_attributes: {},
  cookbook_versions: {},
});

/** Where a pin notes its artifact: `default_attributes.signalbox.artifact_version`, which recipes can read as well. */
const MARKER = 'signalbox';

const markerOf = (environment: ChefEnvironment): Readonly<Record<string, unknown>> => {
  const marker = environment.default_attributes[MARKER];
  return isRecord(marker) ? marker : {};
};

const constraintsOf = (manifest: Manifest): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(allCookbooks(manifest)).map(([name, version]) => [name, `= ${version}`]));

/**
 * Moves the pin: exactly the artifact's cookbooks are constrained, every other constraint and attribute stays as it
 * was (law L2). The artifact's version is noted beside them, because cookbook versions alone do not tell two artifacts
 * apart that differ in nothing a constraint can say.
 */
export const pinTo = (environment: ChefEnvironment, manifest: Manifest): ChefEnvironment => ({
  ...environment,
  default_attributes: {
    ...environment.default_attributes,
    [MARKER]: { ...markerOf(environment), artifact_version: manifest.baseVersion },
  },
  cookbook_versions: { ...environment.cookbook_versions, ...constraintsOf(manifest) },
});

/** The version that `environment` is pinned to; none when nobody has promoted to it yet. */
export const pinnedVersion = (environment: ChefEnvironment): O.Option<Version> =>
  O.fromPredicate(Version.is)(markerOf(environment)['artifact_version']);

/** Whether `environment` holds the pin of `manifest` whole: the read-back of a promotion (law L1). */
export const isPinnedTo = (environment: ChefEnvironment, manifest: Manifest): boolean =>
  O.isSome(pinnedVersion(environment)) &&
  markerOf(environment)['artifact_version'] === manifest.baseVersion &&
  Object.entries(constraintsOf(manifest)).every(
    ([name, constraint]) => environment.cookbook_versions[name] === constraint,
  );
