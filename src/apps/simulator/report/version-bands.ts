/**
 * What every environment was pinned to, as bands; stacks that went the same way share theirs.
 *
 * @module
 */
import type { EnvironmentName, StackName, Version } from '../../../domain/names.ts';
import type { PinChange } from '../simulation-result.ts';
import type { TimeScale } from './time-scale.ts';

/** From `from` to before `to`, in steps of the time line. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly version: Version;
}

/** The way that some stacks of an environment went. */
export interface VersionWay {
  readonly environment: EnvironmentName;
  readonly stacks: readonly StackName[];
  /** Whether the environment's other stacks went another way. */
  readonly isSplit: boolean;
  readonly bands: readonly Band[];
}

interface Change {
  readonly x: number;
  readonly version: Version;
}

/** Only the last change of a step is kept: what is shorter than a step cannot be seen. */
const bandsOf = (changes: readonly Change[], width: number): readonly Band[] => {
  const kept: Change[] = [];
  for (const change of changes) {
    const last = kept.at(-1);
    if (last !== undefined && Math.floor(last.x) === Math.floor(change.x)) kept.pop();
    if (kept.at(-1)?.version !== change.version) kept.push(change);
  }
  return kept
    .map(({ x, version }, i) => ({ from: x, to: kept[i + 1]?.x ?? width, version }))
    .filter(({ from, to }) => from < to);
};

/** Stacks are promoted one after the other, so that the same way is one that differs by less than a step. */
const areAlike = (a: readonly Band[], b: readonly Band[]): boolean =>
  a.length === b.length &&
  a.every(({ version, from }, i) => {
    const other = b[i];
    return other?.version === version && Math.abs(other.from - from) <= 1;
  });

/** The ways of all environments: first those of `order`, then others as they appear in `pins`. */
export const versionWays = (
  pins: readonly PinChange[],
  order: readonly EnvironmentName[],
  scale: TimeScale,
): readonly VersionWay[] => {
  const changes = new Map<EnvironmentName, Map<StackName, Change[]>>(
    order.map((environment) => [environment, new Map<StackName, Change[]>()]),
  );
  for (const { at, environment, stack, version } of pins.toSorted((a, b) => a.at - b.at)) {
    const ofEnvironment = changes.get(environment) ?? new Map<StackName, Change[]>();
    changes.set(environment, ofEnvironment);
    const ofStack = ofEnvironment.get(stack) ?? [];
    ofEnvironment.set(stack, ofStack);
    ofStack.push({ x: scale.x(at), version });
  }
  return [...changes].flatMap(([environment, ofEnvironment]) => {
    const ways: { readonly stacks: StackName[]; readonly bands: readonly Band[] }[] = [];
    for (const [stack, ofStack] of ofEnvironment) {
      const bands = bandsOf(ofStack, scale.width);
      const alike = ways.find((way) => areAlike(way.bands, bands));
      if (alike === undefined) ways.push({ stacks: [stack], bands });
      else alike.stacks.push(stack);
    }
    return ways.map((way) => ({ environment, isSplit: ways.length > 1, ...way }));
  });
};
