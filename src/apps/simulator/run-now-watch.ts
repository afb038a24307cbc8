/**
 * The watch over the runs that people on one node ask for: each is started as soon as one can be, and once; once more for
 * each agent that died in it (law N8).
 *
 * @module
 */
import type { RunCause } from '../../domain/node-state.ts';
import type { EpochMs } from '../../domain/time.ts';
import { type Breaks, seconds, SLACK_MS } from './fallback-watch.ts';

/** What people asked one node for, and what it did about it. */
export class RunNowWatch {
  readonly #attemptsMax: number;
  readonly #breaks: Breaks;
  /** A run is owed from then on; any that is started settles it. */
  #owedFrom: number | undefined;
  /** The same without what the last death of the agent added to it. */
  #askedFrom: number | undefined;
  /** A run of any cause is under way, or the agent is away: none can be started. */
  #isBusy = false;
  /** A run of this cause is under way. */
  #isUnderWay = false;
  /** One has ended since the disk was full. */
  #isEndDoubtful = false;
  /** The agent may not know that it has run, and may do so once more. */
  #mayRepeat = false;
  /** Agents in a row that died in such a run. */
  #deaths = 0;

  constructor(attemptsMax: number, breaks: Breaks) {
    this.#attemptsMax = attemptsMax;
    this.#breaks = breaks;
  }

  /** A person asked for a run, which can be started at `from` at the earliest; `Infinity`: nobody knows when. */
  asked(from: number): void {
    this.#owedFrom ??= from;
  }

  /** A run is about to be started. */
  starts(at: EpochMs, { _tag }: RunCause): void {
    this.inTime(at);
    const isAsked = this.#owedFrom !== undefined || this.#mayRepeat;
    if (_tag === 'RunNow' && !isAsked) this.#breaks('N8', at, 'a run was started for a person who had asked for none');
    this.#owedFrom = undefined;
    this.#isBusy = true;
    this.#isUnderWay = _tag === 'RunNow';
    if (_tag === 'RunNow') this.#mayRepeat = false;
  }

  /** The run under way has ended, which the agent could write down or not. */
  ended(isOnRecord: boolean): void {
    this.#isBusy = false;
    this.#isEndDoubtful = !isOnRecord && (this.#isEndDoubtful || this.#isUnderWay);
    this.#isUnderWay = false;
    this.#deaths = 0;
  }

  /** The agent died, and is back at `backAt`: a run that was cut short with it is owed again, though not for ever. */
  died(at: EpochMs, backAt: number): void {
    this.inTime(at);
    this.#isBusy = true;
    if (!this.#isUnderWay) return;
    this.#isUnderWay = false;
    this.#mayRepeat = true;
    this.#askedFrom = this.#owedFrom;
    if (++this.#deaths <= this.#attemptsMax) this.#owedFrom ??= backAt;
  }

  /** The agent is back. */
  back(): void {
    this.#isBusy = false;
  }

  /** The next agent took up the run that was under way. */
  tookUp(): void {
    this.#isBusy = true;
    if (!this.#mayRepeat) return;
    this.#isUnderWay = true;
    this.#mayRepeat = false;
    this.#owedFrom = this.#askedFrom;
  }

  /** What the node was asked for may be lost with its disk, or be done again. */
  forgotten(): void {
    this.#mayRepeat ||= this.#isUnderWay || this.#isEndDoubtful || this.#owedFrom !== undefined;
    this.#isUnderWay = false;
    this.#owedFrom = undefined;
  }

  /** What is owed could not start before. */
  waitFor(until: number): void {
    if (this.#owedFrom !== undefined) this.#owedFrom = Math.max(this.#owedFrom, until);
  }

  /** What is owed by now has been started. */
  inTime(at: EpochMs): void {
    if (this.#isBusy || this.#owedFrom === undefined || at <= this.#owedFrom + SLACK_MS) return;
    this.#breaks('N8', at, `no run was started for ${seconds(at - this.#owedFrom)} although a person asked for one`);
    this.#owedFrom = undefined;
  }
}
