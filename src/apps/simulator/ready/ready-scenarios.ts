/**
 * The scenarios that can be simulated by name.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import { formatFieldErrors } from '../../../domain/decoding.ts';
import type { Scenario } from '../scenario.ts';
import { decodeScenario, type ScenarioJson } from '../scenario-json.ts';
import { BAD_ARTIFACTS } from './bad-artifacts.ts';
import { INCIDENTS } from './incidents.ts';
import { OUTAGES } from './outages.ts';
import { WEEKS } from './weeks.ts';

/** The documents of the ready scenarios: examples of how to write one. */
export const READY_DOCUMENTS: readonly ScenarioJson[] = [...WEEKS, ...BAD_ARTIFACTS, ...OUTAGES, ...INCIDENTS];

const decoded = (document: ScenarioJson): Scenario => {
  const scenario = decodeScenario(document);
  if (E.isLeft(scenario)) throw new TypeError(`${document.name}: ${formatFieldErrors(scenario.left)}`);
  return scenario.right;
};

/** The ready scenarios by name, in the order in which they are listed; `about` says what each is. */
export const READY_SCENARIOS: ReadonlyMap<string, Scenario> = new Map(
  READY_DOCUMENTS.map((document) => [document.name, decoded(document)]),
);
