/**
 * The scenario that a person means: a ready one by its name, or one in a file.
 *
 * @module
 */
import { access } from 'node:fs/promises';
import * as E from 'fp-ts/lib/Either.js';
import { describeValue } from '../../domain/decoding.ts';
import { loadDocument } from '../cli/load.ts';
import { badData, type Failure } from '../failure.ts';
import { READY_SCENARIOS } from './ready/ready-scenarios.ts';
import type { Scenario } from './scenario.ts';
import { ScenarioDocument } from './scenario-json.ts';

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/** The ready scenario of this name, or else the one in this file: no ready name has a dot or a slash. */
export const findScenario = async (given: string): Promise<E.Either<Failure, Scenario>> => {
  const ready = READY_SCENARIOS.get(given);
  if (ready !== undefined) return E.right(ready);
  if (/[./]/.test(given) || (await exists(given))) return loadDocument(given, ScenarioDocument);
  const names = [...READY_SCENARIOS.keys()].join(', ');
  return E.left(badData(`scenario: expected a file, or one of ${names}; got ${describeValue(given)}`));
};
