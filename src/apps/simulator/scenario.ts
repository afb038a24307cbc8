/**
 * A scenario: a fleet, a release plan, and what happens to them. Together with a seed it decides everything that a
 * simulation does.
 *
 * Durations are milliseconds; `atMs` counts from the start of the scenario.
 *
 * @module
 */
import type { Backoff } from '../../domain/backoff.ts';
import type { StartingState } from '../../domain/exported-state.ts';
import type { HoldScope } from '../../domain/hold.ts';
import type { EnvironmentName, Slug, StackName, Version } from '../../domain/names.ts';
import { type Polling, pollingFor } from '../../domain/polling.ts';
import type { ReleasePlan } from '../../domain/release-plan.ts';
import { type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../domain/time.ts';

/** Nodes of one kind: they share a key on the bus and a Chef server. */
export interface NodeGroup {
  readonly stack: StackName;
  readonly environment: EnvironmentName;
  /** How many, at least 1. */
  readonly nodes: number;
}

/** Some of the fleet. A list that is absent means all of them. */
export interface FleetScope {
  readonly stacks?: readonly StackName[];
  readonly environments?: readonly EnvironmentName[];
  /**
   * Of the nodes so named, which share is meant, 0 … 1, drawn by the seed; absent: all. Each fault draws its own nodes, and
   * each instant of operators' actions.
   */
  readonly share?: number;
}

/** What a bad artifact does to a run that brings it to a node. */
export interface Badness {
  /** Whom it harms. */
  readonly on: FleetScope;
  /** It harms nobody before the artifact has been there for so long. */
  readonly afterMs: number;
  /** `fails`: chef-client exits 1; `hangs`: it never ends by itself. */
  readonly how: 'fails' | 'hangs';
}

/** An artifact that reaches the Librarian. */
export interface ScenarioArtifact {
  readonly version: Version;
  readonly atMs: number;
  readonly bad: readonly Badness[];
  /** It brings a Summoner that dies at its start, until a run brings another version (fault 60). */
  readonly breaksSummoner: boolean;
  /** How many cookbooks it has: its signal grows with them (fault 30). */
  readonly cookbooks: number;
}

/** Artifacts that keep coming, each at a drawn moment of its interval. */
export interface ArtifactStream {
  readonly everyMs: number;
  /** The share of them that fails wherever it runs, 0 … 1, drawn by the seed. */
  readonly badShare: number;
}

/** How chef-client behaves. */
export interface RunSettings {
  /** A run takes between these, uniformly. */
  readonly shortestMs: number;
  readonly longestMs: number;
  /** The share of runs that fail for no reason of the artifact's, 0 … 1. */
  readonly flakyShare: number;
  /** A run that hangs is ended after so long. */
  readonly timeLimitMs: number;
}

/** How nodes are configured; what is not named here is as it is shipped. */
export interface NodeSettings extends Polling {
  readonly windowMs: number;
  readonly leadMs: number;
  readonly catchUpSplaySeconds: number;
  readonly attemptsMax: number;
  readonly backoff: Backoff;
  /** After so long a service manager starts an agent again that died. */
  readonly restartMs: number;
  /**
   * Where a run lives, as configured. `child`: one whose agent is stopped is stopped with it, and of one whose agent is
   * killed nobody hears any more. `unit`: it goes on either way, and the next agent takes it up.
   */
  readonly runIn: 'child' | 'unit';
}

/** How the fallback is configured. */
export interface FallbackSettings {
  /** Its cron job looks at every multiple of this. */
  readonly everyMs: number;
  readonly thresholdSeconds: number;
  readonly retryIntervalSeconds: number;
  readonly splaySeconds: number;
}

/** How the Librarian runs. */
export interface LibrarianSettings {
  readonly tickEveryMs: number;
  /** So many tick at once, at the same instants. */
  readonly replicas: number;
}

/** What goes wrong with one machine. */
export type NodeFaultKind =
  /** The agent is killed; a run under way goes on without it, and a service manager starts the agent again. */
  | 'agent-killed'
  /** The machine goes down at once, and comes up after the fault's duration. */
  | 'rebooted'
  /** It stands still for the duration (fault 34). */
  | 'suspended'
  /** Its clock is set by {@link NodeFault.stepMs} (faults 32 and 33). */
  | 'clock-stepped'
  /** For the duration nothing can be written to its disk (fault 39). */
  | 'disk-full'
  /** Its state file is garbage when the agent, killed with it, starts again (fault 38). */
  | 'state-torn'
  /** It comes back from an image of another node, with that one's state (fault 43). */
  | 'cloned'
  /** The Summoner is broken until a run brings it again (fault 60). */
  | 'summoner-broken'
  /** The next run hangs (fault 49). */
  | 'run-hangs'
  /** The next run upgrades the client: exit status 213. */
  | 'client-upgraded'
  /** The agent is told to stop, and a service manager starts it again (fault 57). */
  | 'agent-restarted'
  /** The next run replaces the agent, which stops half way through it and is started again (fault 58). */
  | 'agent-upgraded';

/** What goes wrong with what the nodes share. */
export type SharedFaultKind =
  /** The signal bus does not answer; writes to it are lost (faults 4 … 8). */
  | 'bus-down'
  /** It refuses (fault 2). */
  | 'bus-denied'
  /** It answers every look with a page that is no signal (faults 9 and 10). */
  | 'bus-garbled'
  /** Looks show the signal before the present one (fault 22). */
  | 'bus-replaying'
  /** Writes land, but their answers are lost (fault 29). */
  | 'bus-answers-lost'
  /** The stack's Chef server does not answer: neither the Librarian nor its nodes (fault 63). */
  | 'chef-server-down'
  /** Pins do not land on the stack, although it can be read. */
  | 'pins-refused'
  /** No Librarian ticks. */
  | 'librarian-down'
  /** Every tick is killed after one of its effects, drawn by the seed (fault 62). */
  | 'librarian-killed'
  /** The Librarian's state store does not answer. */
  | 'store-down'
  /** Records of the audit trail cannot be written (fault 69). */
  | 'audit-unwritable';

/** When a fault strikes: once, or ever again. */
export type Occurrence =
  | { readonly _tag: 'At'; readonly atMs: number }
  /** On a share of all days, 0 … 1, at a drawn moment of the day: for a node fault, of each node's days. */
  | { readonly _tag: 'Daily'; readonly probability: number };

/** A fault of single machines. */
export interface NodeFault {
  readonly kind: NodeFaultKind;
  readonly when: Occurrence;
  readonly on: FleetScope;
  readonly forMs: number;
  /** By how much a clock is set. */
  readonly stepMs: number;
}

/** A fault of what machines share; a share of nodes makes no sense here. */
export interface SharedFault {
  readonly kind: SharedFaultKind;
  readonly when: Occurrence;
  readonly on: Pick<FleetScope, 'stacks' | 'environments'>;
  readonly forMs: number;
}

/** What an operator does. */
export type OperatorDeed =
  | {
      readonly does: 'hold';
      readonly id: Slug;
      readonly scope: HoldScope;
      /** Absent: until it is lifted. */
      readonly forMs?: number;
    }
  | { readonly does: 'lift'; readonly id: Slug }
  | {
      readonly does: 'promote';
      readonly version: Version;
      readonly environment: EnvironmentName;
      readonly stack?: StackName;
      readonly splaySeconds?: number;
    }
  | { readonly does: 'rollback'; readonly environments: readonly EnvironmentName[]; readonly to?: Version }
  | { readonly does: 'reject'; readonly version: Version }
  | { readonly does: 'approve'; readonly version: Version }
  | { readonly does: 'disable'; readonly on: FleetScope; readonly forMs: number; readonly floorToo: boolean }
  | { readonly does: 'enable'; readonly on: FleetScope }
  | { readonly does: 'run-now'; readonly on: FleetScope }
  | {
      readonly does: 'run-request';
      readonly id: Slug;
      readonly environment: EnvironmentName;
      /** Names or globs of nodes; absent: all of the environment. */
      readonly nodes?: readonly string[];
      readonly splaySeconds: number;
      readonly opensForMs: number;
    }
  | { readonly does: 'withdraw'; readonly id: Slug; readonly environment: EnvironmentName };

/** Something that an operator does, and when. */
export interface OperatorAction {
  readonly atMs: number;
  readonly deed: OperatorDeed;
}

/** Everything that a simulation is told, but for its seed. */
export interface Scenario {
  readonly name: Slug;
  /** One line for people. */
  readonly about: string;
  readonly plan: ReleasePlan;
  readonly startsAt: EpochMs;
  readonly lastsMs: number;
  readonly fleet: readonly NodeGroup[];
  /** What every environment is pinned to, and every node has applied, at the start; absent: nothing. */
  readonly installed?: Version;
  /** What a Librarian knew at the start, in place of {@link Scenario.installed}; absent: nothing. */
  readonly start?: StartingState;
  readonly artifacts: readonly ScenarioArtifact[];
  /** Absent: no others come. */
  readonly stream?: ArtifactStream;
  readonly runs: RunSettings;
  readonly node: NodeSettings;
  /** Absent: the image has no fallback. */
  readonly fallback?: FallbackSettings;
  readonly librarian: LibrarianSettings;
  readonly nodeFaults: readonly NodeFault[];
  readonly sharedFaults: readonly SharedFault[];
  readonly operators: readonly OperatorAction[];
}

/** A run takes two to six minutes, two in a thousand fail by themselves, and one that hangs is ended after an hour. */
export const RUN_SETTINGS: RunSettings = {
  shortestMs: 2 * MINUTE_MS,
  longestMs: 6 * MINUTE_MS,
  flakyShare: 0.002,
  timeLimitMs: HOUR_MS,
};

/** The shipped defaults of the Summoner, and a service manager that starts it again after ten seconds. */
export const NODE_SETTINGS: NodeSettings = {
  ...pollingFor(),
  windowMs: 12 * HOUR_MS,
  leadMs: 30 * MINUTE_MS,
  catchUpSplaySeconds: 300,
  attemptsMax: 5,
  backoff: { baseMs: MINUTE_MS, capMs: 30 * MINUTE_MS },
  restartMs: 10 * SECOND_MS,
  runIn: 'child',
};

/** The shipped defaults of the fallback, looked at every five minutes. */
export const FALLBACK_SETTINGS: FallbackSettings = {
  everyMs: 5 * MINUTE_MS,
  thresholdSeconds: 43_200,
  retryIntervalSeconds: 3_600,
  splaySeconds: 600,
};

/** One Librarian, a tick a minute. */
export const LIBRARIAN_SETTINGS: LibrarianSettings = { tickEveryMs: MINUTE_MS, replicas: 1 };

/** A scenario has at most so many nodes. */
export const NODES_MAX = 5_000_000;
/** A scenario has at most so many faults, those of a mix each for itself. */
export const FAULTS_MAX = 1_024;
/** An artifact is bad in at most so many ways. */
export const BADNESSES_MAX = 16;
/** A scenario lasts at least a minute, in milliseconds. */
export const LASTS_MS_MIN = MINUTE_MS;
/** A scenario lasts at most ten years, in milliseconds. */
export const LASTS_MS_MAX = 3_650 * 24 * HOUR_MS;
