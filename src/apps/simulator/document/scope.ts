/**
 * Parts of the fleet, as a document names them.
 *
 * @module
 */
import type * as t from 'io-ts';
import type { DocumentFault } from '../../../domain/decoding.ts';
import { EnvironmentName, StackName } from '../../../domain/names.ts';
import { environmentsOf, type ReleasePlan } from '../../../domain/release-plan.ts';
import type { FleetScope } from '../scenario.ts';
import { exactRecord, faultsOfRepeats, faultUnlessAmong, type Path, Share, someOf } from './fields.ts';

/** Some stacks and some environments; a list that is absent means all of them. */
export type Place = Pick<FleetScope, 'stacks' | 'environments'>;

/** Some stacks and some environments as a document has them; a list that is absent means all of them. */
export interface PlaceJson {
  readonly stacks?: readonly string[];
  readonly environments?: readonly string[];
}

/** {@link FleetScope} as a document has it. */
export interface FleetScopeJson extends PlaceJson {
  readonly share?: number;
}

const PLACE = { stacks: someOf(StackName), environments: someOf(EnvironmentName) };

/** Reads and writes a {@link Place}. */
export const PlaceField: t.Type<Place, PlaceJson> = exactRecord('stacks and environments', {}, PLACE);

/** Reads and writes a {@link FleetScope}. */
export const FleetScopeField: t.Type<FleetScope, FleetScopeJson> = exactRecord(
  'stacks, environments and a share',
  {},
  { ...PLACE, share: Share },
);

const repeats = (names: readonly string[] = [], path: Path): readonly DocumentFault[] =>
  faultsOfRepeats(
    names.map((name, i) => ({ path: [...path, i], name })),
    'each name once',
  );

/** What of `place` the plan does not have, or is named twice: a server named twice would fail twice as often. */
export const placeFaults = (plan: ReleasePlan, place: Place, path: Path): readonly DocumentFault[] => [
  ...(place.stacks ?? []).flatMap((stack, i) => faultUnlessAmong([...path, 'stacks', i], stack, plan.stacks)),
  ...(place.environments ?? []).flatMap((environment, i) =>
    faultUnlessAmong([...path, 'environments', i], environment, environmentsOf(plan)),
  ),
  ...repeats(place.stacks, [...path, 'stacks']),
  ...repeats(place.environments, [...path, 'environments']),
];
