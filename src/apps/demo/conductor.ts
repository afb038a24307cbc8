/**
 * The demo's timetable: what happens at which simulated instant, and the clock's gate held until it has.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { EnvironmentName, Version } from '../../domain/names.ts';
import type { Promotion } from '../../domain/tick.ts';
import { type EpochMs, HOUR_MS, MINUTE_MS, plus } from '../../domain/time.ts';
import { type Failure, formatFailure } from '../failure.ts';
import { addArtifact } from '../librarian/add-artifact.ts';
import { promote } from '../librarian/intervene.ts';
import type { LibrarianPorts } from '../librarian/librarian-ports.ts';
import { status } from '../librarian/status.ts';
import { tick } from '../librarian/tick.ts';

/** What every environment is pinned to after one departure. */
export interface DepartureRow {
  readonly at: EpochMs;
  /** Environment → version; `split` should two stacks differ. */
  readonly pins: ReadonlyMap<EnvironmentName, Version | 'split'>;
  readonly promoted: readonly Pick<Promotion, 'environment' | 'version' | 'reason'>[];
}

/** What the conductor conducts. */
export interface Stage {
  readonly librarian: LibrarianPorts;
  readonly gateAt: (instant: EpochMs) => void;
  /** Builds the artifact of one release from the cookbooks as they are then. */
  readonly buildRelease: (release: Release) => Promise<{
    readonly version: Version;
    readonly tarball: AsyncIterable<Uint8Array>;
  }>;
  readonly onArtifact: (version: Version, release: Release) => void;
  readonly onDeparture: (row: DepartureRow) => void;
  /** Whether every node is on what it was told, and runs nothing. */
  readonly isQuiet: () => boolean;
  /** Ends the demo early. */
  readonly abort: AbortSignal;
}

/** One state of the cookbooks. */
export interface Release {
  /** −1: what everything starts on; from 0 on, the hour after X in which it is first promoted. */
  readonly hour: number;
  readonly builtAt: EpochMs;
  /** It carries a Summoner that does not work. */
  readonly isBroken: boolean;
}

/** New cookbooks arrive so long before the departure that takes them. */
const ARRIVES_BEFORE_MS = 15 * MINUTE_MS;
const DEPARTURES_EVERY_MS = 30 * MINUTE_MS;

/** The hour whose release is broken, in a demo long enough to see it heal. */
const BROKEN_HOUR = 2;
/** From so many hours on there is time for the fallback to fire twelve hours after the broken release, and be seen. */
export const HEALING_HOURS_MIN = 17;

/** The demo ends where any of its own steps fails: there is nothing sensible to show after that. */
const orThrow = <A>(result: E.Either<Failure, A>): A => {
  if (E.isLeft(result)) throw new Error(formatFailure(result.left));
  return result.right;
};

const addRelease = async (stage: Stage, release: Release): Promise<Version> => {
  const { version, tarball } = await stage.buildRelease(release);
  orThrow(await addArtifact(stage.librarian)(tarball, { who: 'demo', why: 'the hour has come' })());
  stage.onArtifact(version, release);
  return version;
};

const promoteEverywhere = async ({ librarian }: Stage, version: Version): Promise<void> => {
  for (const environment of librarian.plan.stages.flatMap(({ environments }) => environments)) {
    const asker = { who: 'demo', why: 'the start of the demo' };
    const request = { version, environment, stack: O.none, splaySeconds: O.none };
    orThrow(await promote(librarian)(asker, request)());
  }
};

const readRow = async (
  { librarian }: Stage,
  at: EpochMs,
  promoted: DepartureRow['promoted'],
): Promise<DepartureRow> => {
  const { environments } = orThrow(await status(librarian)());
  const pins = environments.map(({ environment, pins: byStack }) => {
    const versions = [...new Set(Object.values(byStack))];
    const [version] = versions;
    return [
      environment,
      versions.length === 1 && version !== undefined && version !== null ? version : 'split',
    ] as const;
  });
  return { at, pins: new Map(pins), promoted };
};

const depart = async (stage: Stage, at: EpochMs): Promise<void> => {
  const { outcomes, troubles } = orThrow(await tick(stage.librarian)());
  if (troubles.length > 0) throw new Error(troubles.map(({ detail }) => detail).join('; '));
  const promoted = outcomes.flatMap((outcome) => (outcome._tag === 'Promoted' ? [outcome] : []));
  stage.onDeparture(await readRow(stage, at, promoted));
};

/** So often, and for so long at most, the end is put off while nodes still follow the last departure. */
const QUIET_EVERY_MS = 5 * MINUTE_MS;
const QUIET_MS_MAX = 3 * HOUR_MS;

/** Conducts `hours` simulated hours from `start` on; half an hour before that everything is on the first release. */
export const conduct = async (stage: Stage, start: EpochMs, hours: number): Promise<void> => {
  const { clock } = stage.librarian;
  const reach = async (instant: EpochMs): Promise<void> => {
    stage.gateAt(instant);
    await clock.sleepUntil(instant, stage.abort);
    if (stage.abort.aborted) throw new Error('stopped before its end');
  };
  const first = await addRelease(stage, { hour: -1, builtAt: clock.now(), isBroken: false });
  await promoteEverywhere(stage, first);
  for (let hour = 0; hour < hours; hour++) {
    const departure = plus(start, hour * HOUR_MS);
    const arrival = plus(departure, -ARRIVES_BEFORE_MS);
    await reach(arrival);
    await addRelease(stage, {
      hour,
      builtAt: arrival,
      isBroken: hour === BROKEN_HOUR && hours >= HEALING_HOURS_MIN,
    });
    for (const at of [departure, plus(departure, DEPARTURES_EVERY_MS)]) {
      await reach(at);
      await depart(stage, at);
    }
  }
  const end = plus(start, hours * HOUR_MS);
  await reach(end);
  for (let more = 0; more < QUIET_MS_MAX && !stage.isQuiet(); more += QUIET_EVERY_MS) {
    await reach(plus(end, more + QUIET_EVERY_MS));
  }
};
