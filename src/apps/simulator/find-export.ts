/**
 * The scenario that an exported state stands for.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { decodeJsonWith, formatFieldErrors } from '../../domain/decoding.ts';
import { ExportedStateDocument } from '../../domain/exported-state.ts';
import { ReleasePlan } from '../../domain/release-plan.ts';
import { type EpochMs, formatInstant } from '../../domain/time.ts';
import { loadDocument } from '../cli/load.ts';
import { badData, type Failure } from '../failure.ts';
import { nextScenario, replayedScenario } from './from-export.ts';
import type { Scenario } from './scenario.ts';
import type { VersionHistory } from './version-history.ts';

/** What a simulation starts from in place of a scenario. */
export interface FromExport {
  /** The file that `signalbox export` has written. */
  readonly file: string;
  /** The file of the plan to go on under; none: the exported one. */
  readonly plan: O.Option<string>;
  /** None: from the export's instant on; else what would have happened from then on. */
  readonly replaySince: O.Option<EpochMs>;
}

/** A scenario, and what really happened, where that is known. */
export interface FoundScenario {
  readonly scenario: Scenario;
  readonly was: O.Option<VersionHistory>;
}

const decodeExport = decodeJsonWith(ExportedStateDocument);

/** Reads the export, and the plan where another is named. */
export const findExport = async ({
  file,
  plan: planFile,
  replaySince,
}: FromExport): Promise<E.Either<Failure, FoundScenario>> => {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return E.left(badData(`${file}: ${error instanceof Error ? error.message : String(error)}`));
  }
  const decoded = decodeExport(text);
  if (E.isLeft(decoded)) return E.left(badData(`${file}: ${formatFieldErrors(decoded.left)}`));
  const state = decoded.right;
  const plan = O.isSome(planFile) ? await loadDocument(planFile.value, ReleasePlan) : E.right(state.plan);
  if (E.isLeft(plan)) return plan;
  if (O.isNone(replaySince)) return E.right({ scenario: nextScenario(state, plan.right), was: O.none });
  const replayed = replayedScenario(state, replaySince.value, plan.right);
  return E.bimap(
    (detail: string) => badData(`replay-since: ${detail}, ${formatInstant(state.at)}`),
    ({ scenario, was }: { readonly scenario: Scenario; readonly was: VersionHistory }): FoundScenario => ({
      scenario,
      was: O.some(was),
    }),
  )(replayed);
};

/** The same, as words of a command line. */
export const wordsOfExport = ({ file, plan, replaySince }: FromExport): readonly string[] => [
  '--from',
  file,
  ...(O.isSome(plan) ? ['--plan', plan.value] : []),
  ...(O.isSome(replaySince) ? ['--replay-since', formatInstant(replaySince.value)] : []),
];
