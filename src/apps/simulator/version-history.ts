/**
 * Which version an environment was on, and from when on.
 *
 * @module
 */
import type { EnvironmentName, StackName, Version } from '../../domain/names.ts';
import { environmentsOf, type ReleasePlan } from '../../domain/release-plan.ts';
import { type EpochMs, formatInstant } from '../../domain/time.ts';
import { table } from '../cli/table.ts';
import type { PinChange } from './simulation-result.ts';

/** From `at` on every stack has it. */
export interface VersionChange {
  readonly at: EpochMs;
  readonly version: Version;
}

/** What each environment was on, in the order of a plan. */
export type VersionHistory = ReadonlyMap<EnvironmentName, readonly VersionChange[]>;

/** What `changes` of pins came to, those of stacks that `plan` has. */
export const versionHistory = (plan: ReleasePlan, changes: readonly PinChange[]): VersionHistory => {
  const ordered = changes.toSorted((a, b) => a.at - b.at);
  const historyOf = (environment: EnvironmentName): readonly VersionChange[] => {
    const pins = new Map<StackName, Version>();
    const history: VersionChange[] = [];
    for (const { at, stack, environment: where, version } of ordered) {
      if (where !== environment || !plan.stacks.includes(stack)) continue;
      pins.set(stack, version);
      const isAgreed = pins.size === plan.stacks.length && new Set(pins.values()).size === 1;
      if (isAgreed && history.at(-1)?.version !== version) history.push({ at, version });
    }
    return history;
  };
  return new Map(environmentsOf(plan).map((environment) => [environment, historyOf(environment)]));
};

/** {@link VersionChange} as JSON. */
export interface VersionChangeJson {
  readonly at: string;
  readonly version: Version;
}

const changeJson = ({ at, version }: VersionChange): VersionChangeJson => ({ at: formatInstant(at), version });

/** One environment's versions as JSON; `was` only where something is compared with it. */
export interface VersionsJson {
  readonly environment: EnvironmentName;
  readonly would: readonly VersionChangeJson[];
  readonly was?: readonly VersionChangeJson[];
}

/** What the environments of the one history would be on, beside what they were on. */
export const versionsJson = (would: VersionHistory, was?: VersionHistory): readonly VersionsJson[] =>
  [...would].map(([environment, changes]) => ({
    environment,
    would: changes.map(changeJson),
    ...(was === undefined ? {} : { was: (was.get(environment) ?? []).map(changeJson) }),
  }));

const versionAt = (changes: readonly VersionChange[], at: EpochMs): string =>
  changes.findLast((change) => change.at <= at)?.version ?? '-';

/** The same for people: a row for each instant at which an environment is on something else. */
export const versionLines = (would: VersionHistory, was?: VersionHistory): readonly string[] => {
  const rows = [...would].flatMap(([environment, changes]) => {
    const others = was?.get(environment) ?? [];
    const instants = [...new Set([...changes, ...others].map(({ at }) => at))].sort((a, b) => a - b);
    return instants.map((at, nth) => [
      nth === 0 ? environment : '',
      formatInstant(at),
      ...(was === undefined ? [] : [versionAt(others, at)]),
      versionAt(changes, at),
    ]);
  });
  const head = was === undefined ? ['version'] : ['was', 'would have been'];
  return table([['environment', 'from', ...head], ...rows]);
};
