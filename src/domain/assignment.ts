/**
 * The assignment: where a machine belongs, as it is written down on the machine itself before its first chef-client run,
 * in the two files that chef-client and the Summoner read. Once written it is never changed silently (law B3).
 *
 * The node file is the commit point. An assignment exists when, and only when, that file does.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { decodeJsonWith, describeValue, formatFieldErrors } from './decoding.ts';
import { EnvironmentName, NodeName, StackName, type ZoneId } from './names.ts';
import { environmentForZone, type UnmappedZone, type ZoneMap } from './zone-map.ts';

/** Where a machine belongs. */
export interface Assignment {
  readonly stack: StackName;
  readonly environment: EnvironmentName;
  readonly node: NodeName;
}

/** {@link Assignment} as the node file has it. */
export interface AssignmentJson {
  readonly stack: string;
  readonly environment: string;
  readonly node: string;
}

const AssignmentWire = t.type({ stack: StackName, environment: EnvironmentName, node: NodeName }, 'assignment');

/** Reads and writes an {@link Assignment}: the node file. Unknown fields are ignored. */
export const Assignment: t.Type<Assignment, AssignmentJson> = new t.Type<Assignment, AssignmentJson>(
  'Assignment',
  (u): u is Assignment => AssignmentWire.is(u),
  (u, context) =>
    E.map(({ stack, environment, node }: Assignment): Assignment => ({ stack, environment, node }))(
      AssignmentWire.validate(u, context),
    ),
  ({ stack, environment, node }) => ({ stack, environment, node }),
);

/** The node file's text: what the Summoner reads. */
export const nodeFileText = (assignment: Assignment): string =>
  `${JSON.stringify(Assignment.encode(assignment), null, 2)}\n`;

/** Reads a node file; the error is one line. Never throws. */
export const parseNodeFile = (text: string): E.Either<string, Assignment> =>
  E.mapLeft(formatFieldErrors)(decodeJsonWith(Assignment)(text));

/**
 * The drop-in's text: what chef-client reads from its `client.d`. It is Ruby, and safe to write as it is because names
 * hold nothing that Ruby's quotes interpret.
 */
export const dropInText = ({ environment, node }: Assignment): string =>
  `# Written by signalbox bootstrap. The node file beside it says the same to the Summoner.
node_name "${node}"
environment "${environment}"
`;

/** Where a new machine belongs, before anything on it is looked at (laws B1, B2). */
export const assignmentFor =
  (map: ZoneMap) =>
  (stack: StackName, zone: ZoneId, node: NodeName): E.Either<UnmappedZone, Assignment> =>
    E.map((environment: EnvironmentName): Assignment => ({ stack, environment, node }))(
      environmentForZone(map)(zone, node),
    );

/** Whether two assignments are the same. */
export const isSameAssignment = (a: Assignment, b: Assignment): boolean =>
  a.stack === b.stack && a.environment === b.environment && a.node === b.node;

/** An assignment in a few words: `web-17 in basalt/prod-1`. */
export const describeAssignment = ({ stack, environment, node }: Assignment): string =>
  `${node} in ${stack}/${environment}`;

/** What stands on the machine. */
export interface ExistingFiles {
  /** The node file's text; none when there is no such file. */
  readonly nodeFile: O.Option<string>;
  /** The drop-in's text; none when there is no such file. */
  readonly dropIn: O.Option<string>;
}

/** What is to be done about an assignment. */
export type AssignmentDecision =
  /** Write the drop-in and then the node file. */
  | { readonly _tag: 'Assign'; readonly assignment: Assignment }
  /** Both files say so already. */
  | { readonly _tag: 'AlreadyAssigned'; readonly assignment: Assignment }
  /** It is assigned so, but the drop-in is missing: write that again. */
  | { readonly _tag: 'RestoreDropIn'; readonly assignment: Assignment }
  /** It is to be moved, because a person says so: write both files over what is there. */
  | {
      readonly _tag: 'Reassign';
      readonly assignment: Assignment;
      /** What stood in the way. */
      readonly instead: AssignmentRefusal;
    }
  /** It is assigned otherwise, or a file is there that cannot be told; nothing is written (law B3). */
  | { readonly _tag: 'Refuse'; readonly refusal: AssignmentRefusal };

/** Why an assignment is refused. The tags are a closed set fit for a metric label. */
export type AssignmentRefusal =
  /** The machine belongs elsewhere by its node file. */
  | { readonly _tag: 'AssignedOtherwise'; readonly existing: Assignment; readonly wanted: Assignment }
  /** The node file is there but is none. */
  | { readonly _tag: 'NodeFileUnreadable'; readonly detail: string; readonly wanted: Assignment }
  /** chef-client's drop-in is there, and says something else than would be written. */
  | { readonly _tag: 'DropInDiffers'; readonly found: string; readonly wanted: Assignment };

/** What stands in the way of `wanted`, if anything does. */
const refusalOf = (wanted: Assignment, { nodeFile, dropIn }: ExistingFiles): AssignmentRefusal | undefined => {
  if (O.isSome(nodeFile)) {
    const existing = parseNodeFile(nodeFile.value);
    if (E.isLeft(existing)) return { _tag: 'NodeFileUnreadable', detail: existing.left, wanted };
    if (!isSameAssignment(existing.right, wanted)) {
      return { _tag: 'AssignedOtherwise', existing: existing.right, wanted };
    }
  }
  if (O.isSome(dropIn) && dropIn.value !== dropInText(wanted)) {
    return { _tag: 'DropInDiffers', found: dropIn.value, wanted };
  }
  return undefined;
};

/**
 * Decides what bootstrap does on a machine that should become `wanted` (law B3). Total: whatever stands there, the
 * answer is one of five. Only with `mayMove` is anything written over, and then it is said what.
 *
 * A drop-in without a node file is what a crash between the two writes leaves: when it says what would be written, the
 * work is finished; when it says something else, nobody knows who wrote it, and it stays.
 *
 * @param mayMove - a person has said that the machine is to be moved.
 */
export const assignmentDecision = (
  wanted: Assignment,
  { nodeFile, dropIn }: ExistingFiles,
  mayMove = false,
): AssignmentDecision => {
  const refusal = refusalOf(wanted, { nodeFile, dropIn });
  if (refusal !== undefined) {
    return mayMove ? { _tag: 'Reassign', assignment: wanted, instead: refusal } : { _tag: 'Refuse', refusal };
  }
  if (O.isNone(nodeFile)) return { _tag: 'Assign', assignment: wanted };
  return { _tag: O.isSome(dropIn) ? 'AlreadyAssigned' : 'RestoreDropIn', assignment: wanted };
};

/**
 * A refusal in one line, naming both sides and the way out.
 *
 * @param paths - where the two files lie, for the reader who has to act on it.
 */
export const formatAssignmentRefusal = (
  refusal: AssignmentRefusal,
  paths: { readonly nodeFile: string; readonly dropIn: string },
): string => {
  const wanted = describeAssignment(refusal.wanted);
  switch (refusal._tag) {
    case 'AssignedOtherwise':
      return `this machine is ${describeAssignment(refusal.existing)} by ${paths.nodeFile}, and would become ${wanted}; to move it, bootstrap again with --reassign and a --reason, or change the zone map back`;
    case 'NodeFileUnreadable':
      return `${paths.nodeFile}: ${refusal.detail}; it was left as it is: mend it, or bootstrap again with --reassign and a --reason to become ${wanted}`;
    case 'DropInDiffers':
      return `${paths.dropIn}: expected what bootstrap writes for ${wanted}, got ${describeValue(refusal.found)}; it was left as it is: remove it and bootstrap again, or bootstrap with --reassign and a --reason`;
  }
};
