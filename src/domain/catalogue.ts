/**
 * The catalogue: which artifacts exist, and whether one may be promoted.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { compareVersions, type StackName, type Version } from './names.ts';

/** What a promotion needs to know of one artifact. */
export interface Artifact {
  readonly version: Version;
  /** The stacks on which every cookbook of it is uploaded. */
  readonly completeOn: readonly StackName[];
  /** The stacks that do not answer, so that nobody knows; default none. */
  readonly unknownOn?: readonly StackName[];
  /** Someone rejected it, and nobody has approved it again (law T12). */
  readonly rejected: boolean;
}

/** The artifacts of a plan, indexed for decisions. Built by {@link catalogueOf}. */
export interface Catalogue {
  readonly byVersion: ReadonlyMap<Version, Artifact>;
  /** The newest that is complete on every stack and not rejected: what the `latest` stage takes (law T2). */
  readonly newest: O.Option<Version>;
}

/** Whether a version may be promoted to all of a plan's stacks. */
export type Promotable =
  | { readonly _tag: 'Promotable' }
  | { readonly _tag: 'Unknown' }
  | { readonly _tag: 'Rejected' }
  | { readonly _tag: 'Incomplete'; readonly missingOn: readonly StackName[] };

const NOWHERE: readonly StackName[] = [];

const isMissingOn = ({ completeOn, unknownOn = NOWHERE }: Artifact, stack: StackName): boolean =>
  !completeOn.includes(stack) && !unknownOn.includes(stack);

/** Whether all of `stacks` say that they hold the artifact. */
const isCompleteOn = ({ completeOn }: Artifact, stacks: readonly StackName[]): boolean =>
  stacks.every((stack) => completeOn.includes(stack));

/** Indexes `artifacts` for a plan over `stacks`. Of two entries with one version the later counts. */
export const catalogueOf = (stacks: readonly StackName[], artifacts: readonly Artifact[]): Catalogue => {
  const byVersion = new Map(artifacts.map((artifact) => [artifact.version, artifact]));
  let newest: Version | undefined;
  for (const artifact of byVersion.values()) {
    const eligible = !artifact.rejected && isCompleteOn(artifact, stacks);
    if (eligible && (newest === undefined || compareVersions(artifact.version, newest) > 0)) newest = artifact.version;
  }
  return { byVersion, newest: O.fromNullable(newest) };
};

const PROMOTABLE: Promotable = { _tag: 'Promotable' };
const UNKNOWN: Promotable = { _tag: 'Unknown' };
const REJECTED: Promotable = { _tag: 'Rejected' };

/**
 * Whether `version` may be promoted on `stacks` (laws L1 and T12).
 *
 * A stack that does not answer holds up nobody else (fault 63): the promotion begins on the others, and goes on there once
 * the stack says for itself that it holds the artifact.
 */
export const promotable = (catalogue: Catalogue, version: Version, stacks: readonly StackName[]): Promotable => {
  const artifact = catalogue.byVersion.get(version);
  if (artifact === undefined) return UNKNOWN;
  if (artifact.rejected) return REJECTED;
  for (const stack of stacks) {
    if (isMissingOn(artifact, stack)) {
      return { _tag: 'Incomplete', missingOn: stacks.filter((name) => isMissingOn(artifact, name)) };
    }
  }
  return PROMOTABLE;
};
