/**
 * What the Summoner and the fallback of one node share: a clock that may be wrong, a disk, a chef-client, and those who
 * watch and write down what they do.
 *
 * @module
 */
import type { Assignment } from '../../domain/assignment.ts';
import type { SummonerPolicy } from '../../domain/summoner.ts';
import { type EpochMs, plus } from '../../domain/time.ts';
import { ChefClient, type ChefRun } from './chef-client.ts';
import { installedAt } from './installed.ts';
import { NodeDisk } from './node-disk.ts';
import { NodeWatch } from './node-watch.ts';
import type { Place } from './place.ts';
import { Trace } from './trace.ts';
import type { World } from './world.ts';

/** One machine, without what runs on it. */
export class Machine {
  readonly world: World;
  readonly place: Place;
  readonly stackIndex: number;
  readonly disk: NodeDisk;
  readonly chef: ChefClient;
  readonly watch: NodeWatch;
  readonly trace = new Trace();
  /** Off or at a standstill until then. */
  awayUntil = -Infinity;
  /** By how much its clock is ahead. */
  offsetMs = 0;

  constructor(world: World, place: Place, index: number, identity: Assignment, policy: SummonerPolicy) {
    const { scenario, violations } = world;
    this.world = world;
    this.place = place;
    this.stackIndex = world.stackIndex(place.stack);
    this.disk = new NodeDisk(identity, installedAt(scenario, place), scenario.startsAt);
    this.chef = new ChefClient(world, { index, place });
    this.watch = new NodeWatch(policy, place, scenario, violations, (at, drawn, position) => {
      world.splayOf(place).drew(at, index, drawn, position);
    });
  }

  /** What its clock says. */
  clockAt(at: EpochMs): EpochMs {
    return plus(at, this.offsetMs);
  }

  /** When its clock says so. */
  realTime(clock: EpochMs): number {
    return clock - this.offsetMs;
  }

  /** A run that was owed, to be started anywhere between `from` and `to`. */
  owed(from: number, to: number): void {
    this.world.owed(this.stackIndex, from, to);
  }

  /**
   * Starts chef-client, which nobody runs just now.
   *
   * @param title - of a run of the Summoner's.
   */
  startChef(by: ChefRun['by'], title: ChefRun['title'], at: EpochMs): ChefRun {
    const run = this.chef.start(by, title, at);
    if (run.end._tag === 'TimedOut') this.watch.hangs();
    return run;
  }

  /** The process under way is no more. */
  chefEnded({ startedAt, isSpread }: ChefRun, at: EpochMs): void {
    this.chef.run = undefined;
    this.world.tally.ran(this.stackIndex, startedAt, at, isSpread);
  }
}
