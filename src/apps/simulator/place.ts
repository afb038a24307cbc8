/**
 * A place: one environment of one stack, which is all that its nodes have in common. They read one key of the bus, and
 * their runs bring what the stack's Chef server pins the environment to.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { EnvironmentName, StackName, Version } from '../../domain/names.ts';
import type { SignalKey } from '../../domain/signal.ts';
import type { Observation } from '../../domain/summoner.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { SignalReading } from '../../ports/signal-bus.ts';
import { observationOf } from '../summoner/observe.ts';
import type { NodeFault } from './scenario.ts';

/** What the bus does with looks at one key. */
export type BusMode = 'well' | 'down' | 'denied' | 'garbled' | 'replaying';

/** A body under a key of the bus. */
export interface HeldSignal {
  readonly body: string;
  readonly revision: string;
  /** What a node makes of it: decoded once, however many nodes look. */
  readonly observation: Observation;
}

const UNCHANGED: Observation = { _tag: 'Unchanged' };
const MISSING: Observation = { _tag: 'Missing' };
const DENIED: Observation = { _tag: 'Denied' };
const UNAVAILABLE: Observation = { _tag: 'Unavailable' };
const LOGIN_PAGE = '<!doctype html><title>Sign in</title>';
const GARBLED = observationOf({ _tag: 'Fresh', body: LOGIN_PAGE, revision: 'garbled' });

/** The state of one place: changed by the Librarian and by faults, looked at by nodes. */
export class Place implements SignalKey {
  readonly index: number;
  readonly stack: StackName;
  readonly environment: EnvironmentName;
  /** The faults that may strike its nodes, each with its position in the scenario. */
  readonly nodeFaults: readonly (readonly [index: number, fault: NodeFault])[];
  busMode: BusMode = 'well';
  /** What is written under its key lands, and the writer is not told. */
  areAnswersLost = false;
  isServerDown = false;
  held: HeldSignal | undefined;
  /** When the bus began to show what it shows. */
  changedAt: EpochMs;
  pin: Version | undefined;
  pinnedAt: EpochMs | undefined;
  /** What it was pinned to before. */
  previousPin: Version | undefined;
  /** Every version that it was ever pinned to. */
  readonly everPinned = new Set<Version>();
  /** How many of its nodes are on {@link Place.pin}. */
  converged = 0;
  /** The first of its nodes, and the first that is not: nodes are numbered place by place. */
  nodes: readonly [from: number, to: number] = [0, 0];
  #previous: HeldSignal | undefined;
  #writes = 0;

  constructor(index: number, key: SignalKey, nodeFaults: Place['nodeFaults'], startsAt: EpochMs) {
    this.changedAt = startsAt;
    this.index = index;
    this.stack = key.stack;
    this.environment = key.environment;
    this.nodeFaults = nodeFaults;
  }

  /** Puts `body` under the key. */
  put(body: string): HeldSignal {
    const revision = String(++this.#writes);
    this.#previous = this.held;
    this.held = { body, revision, observation: observationOf({ _tag: 'Fresh', body, revision }) };
    return this.held;
  }

  pinTo(version: Version, at: EpochMs): void {
    if (version !== this.pin) this.previousPin = this.pin;
    this.pin = version;
    this.pinnedAt = at;
    this.everPinned.add(version);
  }

  /** What the bus shows to a node. */
  look(known: string | undefined): Observation {
    switch (this.busMode) {
      case 'down':
        return UNAVAILABLE;
      case 'denied':
        return DENIED;
      case 'garbled':
        return GARBLED;
      case 'replaying':
        return this.#shown(this.#previous ?? this.held, known);
      case 'well':
        return this.#shown(this.held, known);
    }
  }

  /** What the bus shows to the Librarian. */
  read(known: string | undefined): SignalReading {
    switch (this.busMode) {
      case 'down':
        return { _tag: 'Unavailable', detail: 'the bus does not answer' };
      case 'denied':
        return { _tag: 'Denied', detail: 'the bus refuses' };
      case 'garbled':
      case 'replaying':
      case 'well':
        if (this.held === undefined) return { _tag: 'Missing' };
        return this.held.revision === known
          ? { _tag: 'Unchanged' }
          : { _tag: 'Fresh', body: this.held.body, revision: this.held.revision };
    }
  }

  /** Whether a look by who knows `known` shows nothing new, and goes on showing nothing new until something changes here. */
  isQuietFor(known: string | undefined): boolean {
    return this.busMode === 'well' && (this.held === undefined || this.held.revision === known);
  }

  #shown(held: HeldSignal | undefined, known: string | undefined): Observation {
    if (held === undefined) return MISSING;
    return held.revision === known ? UNCHANGED : held.observation;
  }
}

/** The version that a held signal tells of. */
export const signalledVersion = (held: HeldSignal | undefined): O.Option<Version> =>
  held?.observation._tag === 'Fresh' ? O.some(held.observation.signal.manifestRecord.version) : O.none;
