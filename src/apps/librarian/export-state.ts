/**
 * Exporting all that the Librarian knows: a document to keep, to look into, and to start simulations from.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type * as TE from 'fp-ts/lib/TaskEither.js';
import type { ExportedArtifact, ExportedRecord, ExportedSignal, ExportedState } from '../../domain/exported-state.ts';
import type { EnvironmentName, StackName } from '../../domain/names.ts';
import { pinnedVersion } from '../../domain/pin.ts';
import { environmentsOf } from '../../domain/release-plan.ts';
import { decodeSignal, type Signal } from '../../domain/signal.ts';
import type { Failure } from '../failure.ts';
import { readAfter } from './audit-trail.ts';
import { currentBoard } from './board.ts';
import type { LibrarianPorts } from './librarian-ports.ts';

/** What `look` finds in each place; where it finds nothing the place is absent. */
const byPlace = async <A>(
  { plan }: LibrarianPorts,
  look: (environment: EnvironmentName, stack: StackName) => Promise<O.Option<A>>,
): Promise<ReadonlyMap<EnvironmentName, ReadonlyMap<StackName, A>>> => {
  const rows = environmentsOf(plan).map(async (environment) => {
    const cells = await Promise.all(plan.stacks.map(async (stack) => [stack, await look(environment, stack)] as const));
    const found = cells.flatMap(([stack, cell]) => (O.isSome(cell) ? [[stack, cell.value] as const] : []));
    return [environment, new Map(found)] as const;
  });
  return new Map(await Promise.all(rows));
};

/** Reads all there is. Changes nothing. */
export const exportState =
  (ports: LibrarianPorts): TE.TaskEither<Failure, ExportedState> =>
  async () => {
    const current = await currentBoard(ports)();
    if (E.isLeft(current)) return current;
    const trail = await readAfter(ports, 0);
    if (E.isLeft(trail)) return trail;
    const { stored, board } = current.right;
    const pins = await byPlace(ports, async (environment, stack) => {
      const reading = await ports.chefServers.get(stack)?.environment(environment);
      if (reading?._tag === 'Missing') return O.some(O.none);
      return reading?._tag === 'Found' ? O.some(pinnedVersion(reading.environment)) : O.none;
    });
    const signals = await byPlace(ports, async (environment, stack): Promise<O.Option<ExportedSignal>> => {
      const reading = await ports.bus.read({ stack, environment }, undefined);
      const signal = reading._tag === 'Fresh' ? O.fromEither(decodeSignal(reading.body)) : O.none;
      return O.map(({ manifestRecord, timestamp }: Signal): ExportedSignal => ({
        version: manifestRecord.version,
        timestamp,
      }))(signal);
    });
    const artifacts = [...board.records.values()].map(({ version, sha256, sizeBytes, addedAt }): ExportedArtifact => {
      const { completeOn = [], unknownOn = [] } = board.view.catalogue.byVersion.get(version) ?? {};
      return { version, sha256, sizeBytes, addedAt, completeOn, unknownOn };
    });
    const audit = trail.right.flatMap(({ key, record }): readonly ExportedRecord[] =>
      O.isSome(record) ? [{ key, record: record.value }] : [],
    );
    return E.right({
      at: board.view.now,
      plan: ports.plan,
      control: stored.control,
      pins,
      signals,
      artifacts,
      audit,
    });
  };
