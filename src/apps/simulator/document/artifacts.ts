/**
 * The artifacts of a scenario, as its document has them.
 *
 * @module
 */
import * as t from 'io-ts';
import { boundedInteger, type DocumentFault } from '../../../domain/decoding.ts';
import { boundedDuration, DurationField } from '../../../domain/json-fields.ts';
import type { EnvironmentName } from '../../../domain/names.ts';
import { Version } from '../../../domain/names.ts';
import type { ReleasePlan } from '../../../domain/release-plan.ts';
import { MINUTE_MS } from '../../../domain/time.ts';
import { type ArtifactStream, type Badness, BADNESSES_MAX, LASTS_MS_MAX, type ScenarioArtifact } from '../scenario.ts';
import { At, exactRecord, type Path, Share } from './fields.ts';
import { type Place, placeFaults, PlaceField, type PlaceJson } from './scope.ts';

/** Environments by what they are in the plan: those of its canary stages, or the later half of every train. */
export type PlaceWord = 'canary' | 'late-stops';

/** {@link Badness} as a document has it. */
export interface BadnessJson {
  /** Default everywhere. */
  readonly on?: PlaceWord | PlaceJson;
  /** Of the nodes there; default all. */
  readonly share?: number;
  /** How long the artifact is there before it harms; default `0s`. */
  readonly after?: string;
  /** Default `fails`. */
  readonly how?: 'fails' | 'hangs';
}

/** {@link ScenarioArtifact} as a document has it. */
export interface ArtifactJson {
  readonly version: string;
  readonly at: string;
  /** Default none. */
  readonly bad?: readonly BadnessJson[];
  /** Default false. */
  readonly breaks_summoner?: boolean;
  /** Default {@link COOKBOOKS_DEFAULT}. */
  readonly cookbooks?: number;
}

/** {@link ArtifactStream} as a document has it. */
export interface StreamJson {
  readonly every: string;
  /** Default 0. */
  readonly bad_share?: number;
}

/** An artifact has so many cookbooks where its document does not say. */
export const COOKBOOKS_DEFAULT = 20;
/** At most so many: the signal that names them all stays well below what is read of one. */
export const COOKBOOKS_MAX = 10_000;

const WORDS: readonly PlaceWord[] = ['canary', 'late-stops'];
const isWord = (u: unknown): u is PlaceWord => WORDS.some((word) => word === u);

const BadPlace = new t.Type<PlaceWord | Place, PlaceWord | PlaceJson>(
  'a place',
  (u): u is PlaceWord | Place => isWord(u) || PlaceField.is(u),
  (u, context): t.Validation<PlaceWord | Place> => {
    if (isWord(u)) return t.success(u);
    return typeof u === 'object'
      ? PlaceField.validate(u, context)
      : t.failure(u, context, '"canary", "late-stops", or stacks and environments');
  },
  (place) => (isWord(place) ? place : PlaceField.encode(place)),
);

const BadnessField = exactRecord(
  'a way to be bad',
  {},
  {
    on: BadPlace,
    share: Share,
    after: DurationField,
    how: t.keyof({ fails: null, hangs: null }, '"fails" or "hangs"'),
  },
);
type BadnessWire = t.TypeOf<typeof BadnessField>;

/** Reads and writes an {@link ArtifactWire}. */
export const ArtifactField = exactRecord(
  'an artifact',
  { version: Version, at: At },
  {
    bad: t.readonlyArray(BadnessField, 'a list of ways to be bad'),
    breaks_summoner: t.boolean,
    cookbooks: boundedInteger('number of cookbooks', 1, COOKBOOKS_MAX),
  },
);
/** {@link ArtifactJson} with its fields read. */
export type ArtifactWire = t.TypeOf<typeof ArtifactField>;

/** Reads and writes a {@link StreamWire}. */
export const StreamField = exactRecord(
  'a stream of artifacts',
  { every: boundedDuration(MINUTE_MS, LASTS_MS_MAX) },
  { bad_share: Share },
);
/** {@link StreamJson} with its fields read. */
export type StreamWire = t.TypeOf<typeof StreamField>;

const environmentsOfWord = (plan: ReleasePlan, word: PlaceWord): readonly EnvironmentName[] =>
  plan.stages.flatMap((stage) => {
    if (word === 'canary') return stage._tag === 'canary' ? stage.environments : [];
    return stage._tag === 'train' ? stage.environments.slice(Math.floor(stage.environments.length / 2)) : [];
  });

/** What of `artifact` is too much, or the plan does not have. */
export const artifactFaults = (plan: ReleasePlan, { bad = [] }: ArtifactWire, path: Path): readonly DocumentFault[] => {
  if (bad.length > BADNESSES_MAX) {
    return [{ path: [...path, 'bad'], value: bad, expected: `at most ${BADNESSES_MAX} ways to be bad` }];
  }
  return bad.flatMap(({ on = {} }, i): readonly DocumentFault[] => {
    const at = [...path, 'bad', i, 'on'];
    if (!isWord(on)) return placeFaults(plan, on, at);
    return environmentsOfWord(plan, on).length > 0
      ? []
      : [{ path: at, value: on, expected: `a plan with a ${on === 'canary' ? 'canary' : 'train'}, or environments` }];
  });
};

const badnessOfWire = (plan: ReleasePlan, { on = {}, share, after, how }: BadnessWire): Badness => ({
  on: {
    ...(isWord(on) ? { environments: environmentsOfWord(plan, on) } : on),
    ...(share === undefined ? {} : { share }),
  },
  afterMs: after ?? 0,
  how: how ?? 'fails',
});

const wireOfBadness = ({ on: { share, ...on }, afterMs, how }: Badness): BadnessWire => ({
  on,
  ...(share === undefined ? {} : { share }),
  after: afterMs,
  how,
});

/** The artifact that `wire` stands for. */
export const artifactOfWire = (plan: ReleasePlan, wire: ArtifactWire): ScenarioArtifact => ({
  version: wire.version,
  atMs: wire.at,
  bad: (wire.bad ?? []).map((bad) => badnessOfWire(plan, bad)),
  breaksSummoner: wire.breaks_summoner ?? false,
  cookbooks: wire.cookbooks ?? COOKBOOKS_DEFAULT,
});

/** The artifact as a document has it. */
export const wireOfArtifact = (artifact: ScenarioArtifact): ArtifactWire => ({
  version: artifact.version,
  at: artifact.atMs,
  bad: artifact.bad.map(wireOfBadness),
  breaks_summoner: artifact.breaksSummoner,
  cookbooks: artifact.cookbooks,
});

/** The stream that `wire` stands for. */
export const streamOfWire = (wire: StreamWire): ArtifactStream => ({
  everyMs: wire.every,
  badShare: wire.bad_share ?? 0,
});

/** The stream as a document has it. */
export const wireOfStream = ({ everyMs, badShare }: ArtifactStream): StreamWire => ({
  every: everyMs,
  bad_share: badShare,
});
