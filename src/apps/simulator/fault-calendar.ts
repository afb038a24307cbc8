/**
 * When what goes wrong with one node, drawn day by day.
 *
 * @module
 */
import { DAY_MS } from '../../domain/time.ts';
import { drawn, PURPOSE } from './draw.ts';
import { isMeant } from './fleet-scope.ts';
import type { Place } from './place.ts';
import { FAULTS_MAX, type NodeFault } from './scenario.ts';
import type { World } from './world.ts';

/** A fault that is going to strike. */
export interface DueFault {
  readonly at: number;
  readonly fault: NodeFault;
  /** Its position in the scenario. */
  readonly index: number;
}

const NONE: readonly DueFault[] = [];

/** What is going to strike one node, and when. */
export class FaultCalendar {
  /** The next instant at which one strikes; `Infinity`: none ever will. */
  nextAt = Infinity;
  readonly #world: World;
  readonly #node: { readonly index: number; readonly place: Place };
  #due: readonly DueFault[] = NONE;
  #next = 0;
  #day = 0;

  constructor(world: World, node: { readonly index: number; readonly place: Place }) {
    this.#world = world;
    this.#node = node;
    this.#turnPages();
  }

  /** Takes the next one out. */
  take(): DueFault | undefined {
    const due = this.#due[this.#next++];
    if (this.#next >= this.#due.length) this.#turnPages();
    else this.nextAt = this.#due[this.#next]?.at ?? Infinity;
    return due;
  }

  /** Goes on to the next day that has anything. */
  #turnPages(): void {
    const { scenario, seed } = this.#world;
    const { nodeFaults } = this.#node.place;
    this.#due = NONE;
    this.#next = 0;
    this.nextAt = Infinity;
    if (nodeFaults.length === 0) return;
    const days = Math.ceil(scenario.lastsMs / DAY_MS);
    for (; this.#day < days && this.#due.length === 0; this.#day++) {
      const due: DueFault[] = [];
      for (const [index, fault] of nodeFaults) {
        const at = this.#momentOf(index, fault);
        if (at !== undefined && isMeant(fault.on, this.#node, index, seed)) due.push({ at, fault, index });
      }
      if (due.length > 0) this.#due = due.sort((a, b) => a.at - b.at || a.index - b.index);
    }
    this.nextAt = this.#due[0]?.at ?? Infinity;
  }

  /** When the fault strikes on the day that is looked at; nothing where it does not. */
  #momentOf(index: number, { when }: NodeFault): number | undefined {
    const { scenario, seed } = this.#world;
    const from = scenario.startsAt + this.#day * DAY_MS;
    if (when._tag === 'At') {
      const at = scenario.startsAt + when.atMs;
      return at >= from && at < from + DAY_MS ? at : undefined;
    }
    const nth = this.#day * FAULTS_MAX + index;
    if (drawn(seed, PURPOSE.faultStrikes, this.#node.index, nth) >= when.probability) return undefined;
    return from + Math.floor(drawn(seed, PURPOSE.faultMoment, this.#node.index, nth) * DAY_MS);
  }
}
