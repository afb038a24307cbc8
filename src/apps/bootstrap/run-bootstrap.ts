import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import {
  type Assignment,
  assignmentDecision,
  assignmentFor,
  type AssignmentRefusal,
  describeAssignment,
  dropInText,
  formatAssignmentRefusal,
  nodeFileText,
} from '../../domain/assignment.ts';
import { formatUnmappedZone } from '../../domain/zone-map.ts';
import { badData, type Failure, unavailable } from '../failure.ts';
import type { BootstrapDeps, BootstrapOptions, BootstrapPaths } from './deps.ts';

/** A file as bootstrap writes it. */
export interface PlannedFile {
  readonly path: string;
  readonly text: string;
}

/** How a bootstrap ended that did not fail. */
export type BootstrapReport =
  /** Both files are written. */
  | { readonly _tag: 'Assigned'; readonly assignment: Assignment }
  /** Both files said so before; nothing was written. */
  | { readonly _tag: 'AlreadyAssigned'; readonly assignment: Assignment }
  /** The node file said so before; chef-client's drop-in was missing and is there again. */
  | { readonly _tag: 'DropInRestored'; readonly assignment: Assignment }
  /** It was assigned otherwise, and both files are written anew because a person said so. */
  | { readonly _tag: 'Reassigned'; readonly assignment: Assignment; readonly reason: string }
  /** A dry run: these files would be written, in this order; none when everything stands as it should. */
  | { readonly _tag: 'DryRun'; readonly assignment: Assignment; readonly files: readonly PlannedFile[] };

const tryAgain = (detail: string): Failure => ({ _tag: 'TryAgain', detail });

const refused = (refusal: AssignmentRefusal, paths: BootstrapPaths): Failure => {
  const detail = formatAssignmentRefusal(refusal, paths);
  switch (refusal._tag) {
    case 'AssignedOtherwise':
    case 'DropInDiffers':
      return { _tag: 'Refused', reason: refusal._tag, detail };
    case 'NodeFileUnreadable':
      return badData(detail);
  }
};

const existingText = async (deps: BootstrapDeps, path: string): Promise<E.Either<Failure, O.Option<string>>> => {
  const reading = await deps.readFile(path);
  switch (reading._tag) {
    case 'Found':
      return E.right(O.some(reading.text));
    case 'Missing':
      return E.right(O.none);
    case 'Unreadable':
      return E.left(unavailable(`${path}: ${reading.detail}; nothing was written`));
  }
};

/** The files that are missing, in the order in which they are written: the node file last, since it commits. */
const filesToWrite = (
  assignment: Assignment,
  missing: 'Both' | 'DropIn',
  { dropIn, nodeFile }: BootstrapPaths,
): readonly PlannedFile[] => [
  { path: dropIn, text: dropInText(assignment) },
  ...(missing === 'Both' ? [{ path: nodeFile, text: nodeFileText(assignment) }] : []),
];

/** Puts back the drop-in that stood there, so that chef-client and the Summoner go on as they were. */
const putBack = async (
  deps: BootstrapDeps,
  { nodeFile, dropIn }: BootstrapPaths,
  was: { readonly nodeFile: O.Option<string>; readonly dropIn: O.Option<string> },
): Promise<string> => {
  const reading = await deps.readFile(nodeFile);
  const isAsItWas = O.isSome(was.nodeFile)
    ? reading._tag === 'Found' && reading.text === was.nodeFile.value
    : reading._tag === 'Missing';
  if (!isAsItWas) return '; both files may be changed';
  const restored = O.isSome(was.dropIn)
    ? await deps.writeFileAtomically(dropIn, was.dropIn.value)
    : await deps.removeFile(dropIn);
  return restored._tag === 'Done' ? '; it stays where it was' : `; ${dropIn} was left changed: ${restored.detail}`;
};

/**
 * Takes back a drop-in that no node file stands behind, so that a failure leaves neither. A node file that is there in
 * spite of its failure, because only the last sync failed, keeps its drop-in.
 */
const takeBack = async (deps: BootstrapDeps, { nodeFile, dropIn }: BootstrapPaths): Promise<string> => {
  const reading = await deps.readFile(nodeFile);
  if (reading._tag !== 'Missing') return '; both files may be there';
  const removed = await deps.removeFile(dropIn);
  return removed._tag === 'Done' ? '; nothing was assigned' : `; ${dropIn} was left behind: ${removed.detail}`;
};

const write = async (
  deps: BootstrapDeps,
  files: readonly PlannedFile[],
  onFailure: () => Promise<string>,
): Promise<E.Either<Failure, void>> => {
  for (const { path, text } of files) {
    const written = await deps.writeFileAtomically(path, text);
    if (written._tag === 'Failed') {
      return E.left(tryAgain(`${path}: ${written.detail}${await onFailure()}; mend that and bootstrap again`));
    }
  }
  return E.right(undefined);
};

/**
 * Assigns a machine to its environment before its first chef-client run (laws B1 … B4).
 *
 * It writes chef-client's drop-in and then the node file, each whole or not at all. The node file is the commit point: a
 * crash between the two leaves a drop-in that the next bootstrap finds and completes. What exists is never changed
 * silently: the same assignment again does nothing, another one is refused, or carried out and logged where a person gave a
 * reason.
 *
 * Never rejects while no dependency does.
 */
export const runBootstrap =
  (deps: BootstrapDeps) =>
  async ({
    map,
    stack,
    zone,
    node,
    paths,
    isDry,
    reassign,
  }: BootstrapOptions): Promise<E.Either<Failure, BootstrapReport>> => {
    const wanted = assignmentFor(map)(stack, zone, node);
    if (E.isLeft(wanted)) return E.left(badData(formatUnmappedZone(wanted.left)));
    const nodeFile = await existingText(deps, paths.nodeFile);
    if (E.isLeft(nodeFile)) return nodeFile;
    const dropIn = await existingText(deps, paths.dropIn);
    if (E.isLeft(dropIn)) return dropIn;

    const existing = { nodeFile: nodeFile.right, dropIn: dropIn.right };
    const decision = assignmentDecision(wanted.right, existing, O.isSome(reassign));
    switch (decision._tag) {
      case 'Refuse':
        return E.left(refused(decision.refusal, paths));
      case 'AlreadyAssigned':
        return E.right(isDry ? { _tag: 'DryRun', assignment: decision.assignment, files: [] } : decision);
      case 'RestoreDropIn': {
        const { assignment } = decision;
        const files = filesToWrite(assignment, 'DropIn', paths);
        if (isDry) return E.right({ _tag: 'DryRun', assignment, files });
        const written = await write(deps, files, async () => '');
        return E.map((): BootstrapReport => ({ _tag: 'DropInRestored', assignment }))(written);
      }
      case 'Reassign': {
        const { assignment, instead } = decision;
        const files = filesToWrite(assignment, 'Both', paths);
        if (isDry) return E.right({ _tag: 'DryRun', assignment, files });
        const reason = O.getOrElse(() => '')(reassign);
        deps.log('warn', 'the machine is moved', { to: describeAssignment(assignment), instead, reason });
        const written = await write(deps, files, () => putBack(deps, paths, existing));
        return E.map((): BootstrapReport => ({ _tag: 'Reassigned', assignment, reason }))(written);
      }
      case 'Assign': {
        const { assignment } = decision;
        const files = filesToWrite(assignment, 'Both', paths);
        if (isDry) return E.right({ _tag: 'DryRun', assignment, files });
        const written = await write(deps, files, () => takeBack(deps, paths));
        return E.map((): BootstrapReport => ({ _tag: 'Assigned', assignment }))(written);
      }
    }
  };

/** The report in one line for people. */
export const describeBootstrap = (report: BootstrapReport): string => {
  const what = describeAssignment(report.assignment);
  switch (report._tag) {
    case 'Assigned':
      return `assigned ${what}`;
    case 'AlreadyAssigned':
      return `already assigned ${what}`;
    case 'DropInRestored':
      return `already assigned ${what}; chef-client's drop-in was missing and is written again`;
    case 'Reassigned':
      return `reassigned ${what}: ${report.reason}`;
    case 'DryRun':
      return report.files.length === 0
        ? `already assigned ${what}`
        : `would assign ${what} and write ${report.files.map(({ path }) => path).join(', ')}`;
  }
};
