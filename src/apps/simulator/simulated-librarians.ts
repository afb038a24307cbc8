/**
 * The Librarians of a simulation, and when they tick: at every interval, or, where nothing can come of that, at the next
 * instant at which something can.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { departureAfter } from '../../domain/schedule.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { TickReport } from '../librarian/tick.ts';
import { type ControlPlane, type Kill, LibrarianKilled } from './control-plane.ts';
import { drawnInteger, PURPOSE } from './draw.ts';
import type { World } from './world.ts';

/** What came of one tick. */
export interface Ticked {
  /** Of every Librarian that came to the end of it. */
  readonly reports: readonly TickReport[];
  /** Whether all of them did, and every stack took what it was given. */
  readonly isSmooth: boolean;
}

/** A tick has so many effects at the most that it may be killed at. */
const KILLED_AT_MAX = 10;

/** The Librarians. */
export class SimulatedLibrarians {
  /** The next tick. */
  nextAt: number;
  ticks = 0;
  readonly #world: World;
  readonly #control: ControlPlane;

  constructor(world: World, control: ControlPlane) {
    this.#world = world;
    this.#control = control;
    this.nextAt = world.scenario.startsAt;
  }

  /** Something has changed: the first tick at or after `at` is worth while. */
  tickSoon(at: number): void {
    const { startsAt, librarian } = this.#world.scenario;
    const { tickEveryMs } = librarian;
    this.nextAt = Math.min(this.nextAt, startsAt + Math.ceil((at - startsAt) / tickEveryMs) * tickEveryMs);
  }

  /** All Librarians tick, at once. */
  async tick(at: EpochMs): Promise<Ticked> {
    const { weather } = this.#control;
    const writes = this.#control.writes;
    this.ticks++;
    this.nextAt = Infinity;
    const { reports, isSmooth } = weather.librarianDown ? { reports: [], isSmooth: false } : await this.#tickAll(at);
    const isIdle = this.#control.writes === writes && isSmooth;
    this.tickSoon(isIdle && this.#world.mode === 'skip' ? this.#nextWorthwhile(reports, at) : at + 1);
    return { reports, isSmooth };
  }

  async #tickAll(at: EpochMs): Promise<Ticked> {
    const { startsAt, librarian } = this.#world.scenario;
    const { tickEveryMs, replicas } = librarian;
    const nth = Math.round((at - startsAt) / tickEveryMs);
    const ended = await Promise.all(
      Array.from({ length: replicas }, (_, replica) => this.#tickOnce(this.#killOf(nth, replica), replicas === 1)),
    );
    const reports = ended.filter((report) => report !== undefined);
    const isSmooth = reports.length === replicas && reports.every(({ troubles }) => troubles.length === 0);
    return { reports, isSmooth };
  }

  #killOf(nth: number, replica: number): Kill | undefined {
    if (!this.#control.weather.librarianKilled) return undefined;
    const { seed } = this.#world;
    const effect = drawnInteger(seed, PURPOSE.kill, nth, replica * 2, KILLED_AT_MAX);
    return { effect, before: drawnInteger(seed, PURPOSE.kill, nth, replica * 2 + 1, 2) === 0 };
  }

  async #tickOnce(kill: Kill | undefined, isAlone: boolean): Promise<TickReport | undefined> {
    const { tickWith, deciders } = this.#world.programs;
    try {
      const ticked = await tickWith(deciders)(this.#control.librarian(undefined, kill, isAlone))();
      return E.isRight(ticked) ? ticked.right : undefined;
    } catch (error) {
      if (error instanceof LibrarianKilled) return undefined;
      throw error;
    }
  }

  /** The next instant at which a tick can do anything, if nothing else happens until then. */
  #nextWorthwhile(reports: readonly TickReport[], at: EpochMs): number {
    const departures = this.#world.scenario.plan.stages.map(({ schedule }) => departureAfter(schedule, at));
    const retries = reports
      .flatMap(({ outcomes }) => outcomes)
      .map((outcome) => (outcome._tag === 'Promoted' ? O.none : outcome.retryAt))
      .flatMap((retryAt) => (O.isSome(retryAt) && retryAt.value > at ? [retryAt.value] : []));
    return Math.min(...departures, ...retries);
  }
}
