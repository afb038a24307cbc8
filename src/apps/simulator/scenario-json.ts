/**
 * The form of scenario files: one document, YAML or JSON, snake_case, durations as text such as `15m` or `365d`.
 * What has a sensible default may be left out; a field that nobody knows is an error.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { boundedText, decodeWith, type DocumentFault, errorAt, type FieldError } from '../../domain/decoding.ts';
import { StartingStateField } from '../../domain/exported-state.ts';
import { boundedDuration, InstantField } from '../../domain/json-fields.ts';
import { Slug, Version } from '../../domain/names.ts';
import { type EpochMs, epochMs, formatDuration, formatInstant } from '../../domain/time.ts';
import { ZoneMap, type ZoneMapJson } from '../../domain/zone-map.ts';
import {
  artifactFaults,
  ArtifactField,
  type ArtifactJson,
  artifactOfWire,
  StreamField,
  type StreamJson,
  streamOfWire,
  wireOfArtifact,
  wireOfStream,
} from './document/artifacts.ts';
import { faultListFaults, FaultsField, type FaultsJson, faultsOfWire, wireOfFaults } from './document/faults.ts';
import { exactRecord, faultsOfRepeats } from './document/fields.ts';
import { FleetField, type FleetJson, fleetOfWire } from './document/fleet.ts';
import { actionOfWire, operatorFaults, OperatorField, type OperatorJson, wireOfAction } from './document/operators.ts';
import { PlanField, type PlanJson } from './document/plan.ts';
import {
  FallbackField,
  type FallbackJson,
  fallbackOfWire,
  LibrarianField,
  type LibrarianJson,
  librarianOfWire,
  NodeField,
  type NodeJson,
  nodeOfWire,
  RunsField,
  type RunsJson,
  runsOfWire,
  settingsFaults,
  wireOfFallback,
  wireOfLibrarian,
  wireOfNode,
  wireOfRuns,
} from './document/settings.ts';
import { LASTS_MS_MAX, LASTS_MS_MIN, type NodeGroup, type Scenario } from './scenario.ts';

/** {@link Scenario} as a document has it. */
export interface ScenarioJson {
  readonly name: string;
  /** Default empty. */
  readonly about?: string;
  readonly plan: PlanJson;
  /** Default {@link STARTS_AT_DEFAULT}. */
  readonly starts_at?: string;
  readonly lasts: string;
  readonly fleet: FleetJson;
  /** For a fleet that names zones. */
  readonly zones?: ZoneMapJson;
  /** Default nothing. */
  readonly installed?: string;
  /** What a Librarian knew at the start, as `signalbox export` writes it; default nothing. */
  readonly start?: object;
  /** Default none. */
  readonly artifacts?: readonly ArtifactJson[];
  /** Default none. */
  readonly stream?: StreamJson;
  readonly runs?: RunsJson;
  readonly node?: NodeJson;
  readonly fallback?: FallbackJson;
  readonly librarian?: LibrarianJson;
  /** Default none. */
  readonly faults?: FaultsJson;
  /** Default none. */
  readonly operators?: readonly OperatorJson[];
}

/** A scenario starts here unless it says otherwise: Monday 2026-01-05T00:00:00Z. */
export const STARTS_AT_DEFAULT: EpochMs = epochMs(1_767_571_200_000);
/** No scenario starts earlier: 2000-01-01T00:00:00Z. Machines whose clock says less have none. */
export const STARTS_AT_MIN: EpochMs = epochMs(946_684_800_000);
/** No scenario starts later: 2100-01-01T00:00:00Z. */
export const STARTS_AT_MAX: EpochMs = epochMs(4_102_444_800_000);

const Wire = exactRecord(
  'a scenario',
  {
    name: Slug,
    plan: PlanField,
    lasts: boundedDuration(LASTS_MS_MIN, LASTS_MS_MAX),
    fleet: FleetField,
  },
  {
    about: boundedText('text', 200),
    starts_at: InstantField,
    zones: ZoneMap,
    installed: Version,
    start: StartingStateField,
    artifacts: t.readonlyArray(ArtifactField, 'a list of artifacts'),
    stream: StreamField,
    runs: RunsField,
    node: NodeField,
    fallback: FallbackField,
    librarian: LibrarianField,
    faults: FaultsField,
    operators: t.readonlyArray(OperatorField, 'a list of what operators do'),
  },
);
type Wire = t.TypeOf<typeof Wire>;

const timeFaults = ({ lasts, starts_at: startsAt, artifacts, faults, operators }: Wire): readonly DocumentFault[] => {
  const lists = { artifacts, faults, operators };
  const late = Object.entries(lists).flatMap(([field, entries = []]) =>
    entries.flatMap((entry, i): readonly DocumentFault[] =>
      entry === 'default' || entry.at === undefined || entry.at < lasts
        ? []
        : [
            {
              path: [field, i, 'at'],
              value: formatDuration(entry.at),
              expected: `less than the scenario lasts, ${formatDuration(lasts)}`,
            },
          ],
    ),
  );
  if (startsAt === undefined || (startsAt >= STARTS_AT_MIN && startsAt <= STARTS_AT_MAX)) return late;
  const expected = `an instant from ${formatInstant(STARTS_AT_MIN)} to ${formatInstant(STARTS_AT_MAX)}`;
  return [{ path: ['starts_at'], value: formatInstant(startsAt), expected }, ...late];
};

const versionFaults = ({ installed, start, artifacts = [] }: Wire): readonly DocumentFault[] =>
  faultsOfRepeats(
    [
      ...(installed === undefined ? [] : [{ path: ['installed'], name: installed }]),
      ...(start?.artifacts ?? []).map(({ version }, i) => ({
        path: ['start', 'artifacts', i, 'version'],
        name: version,
      })),
      ...artifacts.map(({ version }, i) => ({ path: ['artifacts', i, 'version'], name: version })),
    ],
    'a version of its own, neither installed nor another artifact',
  );

const startFaults = ({ installed, start }: Wire): readonly DocumentFault[] =>
  installed === undefined || start === undefined
    ? []
    : [{ path: ['installed'], value: installed, expected: 'none beside start, which says it for every place' }];

/** What only the whole document shows. */
const wireFaults = (wire: Wire): readonly DocumentFault[] => {
  const { plan, installed, start, artifacts = [], faults = [], operators = [] } = wire;
  const known = [
    ...(installed === undefined ? [] : [installed]),
    ...(start?.artifacts ?? []).map((one) => one.version),
  ];
  const versions = [...known, ...artifacts.map(({ version }) => version)];
  return [
    ...timeFaults(wire),
    ...startFaults(wire),
    ...versionFaults(wire),
    ...artifacts.flatMap((artifact, i) => artifactFaults(plan, artifact, ['artifacts', i])),
    ...settingsFaults(runsOfWire(wire.runs), nodeOfWire(wire.node)),
    ...faultListFaults(plan, faults),
    ...operatorFaults({ plan, versions }, operators),
  ];
};

const scenarioOfWire = (wire: Wire, fleet: readonly NodeGroup[]): Scenario => {
  const fallback = fallbackOfWire(wire.fallback);
  return {
    name: wire.name,
    about: wire.about ?? '',
    plan: wire.plan,
    startsAt: wire.starts_at ?? STARTS_AT_DEFAULT,
    lastsMs: wire.lasts,
    fleet,
    ...(wire.installed === undefined ? {} : { installed: wire.installed }),
    ...(wire.start === undefined ? {} : { start: wire.start }),
    artifacts: (wire.artifacts ?? []).map((artifact) => artifactOfWire(wire.plan, artifact)),
    ...(wire.stream === undefined ? {} : { stream: streamOfWire(wire.stream) }),
    runs: runsOfWire(wire.runs),
    node: nodeOfWire(wire.node),
    ...(fallback === undefined ? {} : { fallback }),
    librarian: librarianOfWire(wire.librarian),
    ...faultsOfWire(wire.plan, wire.faults ?? []),
    operators: (wire.operators ?? []).map(actionOfWire),
  };
};

const wireOfScenario = (scenario: Scenario): Wire => ({
  name: scenario.name,
  about: scenario.about,
  plan: scenario.plan,
  starts_at: scenario.startsAt,
  lasts: scenario.lastsMs,
  fleet: scenario.fleet,
  ...(scenario.installed === undefined ? {} : { installed: scenario.installed }),
  ...(scenario.start === undefined ? {} : { start: scenario.start }),
  artifacts: scenario.artifacts.map(wireOfArtifact),
  ...(scenario.stream === undefined ? {} : { stream: wireOfStream(scenario.stream) }),
  runs: wireOfRuns(scenario.runs),
  node: wireOfNode(scenario.node),
  fallback: wireOfFallback(scenario.fallback),
  librarian: wireOfLibrarian(scenario.librarian),
  faults: wireOfFaults(scenario),
  operators: scenario.operators.map(wireOfAction),
});

/**
 * Reads and writes a {@link Scenario}. Beyond each field's own form it checks what only the whole shows: names that the
 * plan or the artifacts do not have, zones without an environment, ids and versions used twice, moments after the end.
 *
 * It writes everything in full: a plan or faults that were named by a word, environments that were found by a zone, and
 * every default.
 */
export const ScenarioDocument: t.Type<Scenario, ScenarioJson> = new t.Type<Scenario, ScenarioJson>(
  'Scenario',
  (u): u is Scenario => typeof u === 'object' && u !== null && 'fleet' in u && 'nodeFaults' in u,
  (u, context) => {
    const decoded = Wire.validate(u, context);
    if (E.isLeft(decoded)) return decoded;
    const wire = decoded.right;
    const fleet = fleetOfWire(wire.plan, wire.zones, wire.fleet);
    const faults = [...(E.isLeft(fleet) ? fleet.left : []), ...wireFaults(wire)];
    return E.isLeft(fleet) || faults.length > 0
      ? t.failures(faults.map(errorAt(u, context)))
      : t.success(scenarioOfWire(wire, fleet.right));
  },
  (scenario) => Wire.encode(wireOfScenario(scenario)),
);

/** Reads a scenario from a parsed document; each error names its field. */
export const decodeScenario: (document: unknown) => E.Either<readonly FieldError[], Scenario> =
  decodeWith(ScenarioDocument);
