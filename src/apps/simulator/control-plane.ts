/**
 * The Librarian's side of a simulated world: Chef servers, signal bus, stores, and every way in which they fail. The
 * shipped Librarian works on them and knows no better.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import { type ControlState, encodeControlState } from '../../domain/control-state.ts';
import { type ExportedSignal, exportedPin, type StartingState } from '../../domain/exported-state.ts';
import type { Manifest } from '../../domain/manifest.ts';
import {
  compareVersions,
  CookbookName,
  type EnvironmentName,
  nameFromLiteral,
  type StackName,
  type Version,
} from '../../domain/names.ts';
import { type ChefEnvironment, emptyChefEnvironment, pinTo, pinnedVersion } from '../../domain/pin.ts';
import * as O from 'fp-ts/lib/Option.js';
import { departuresOf, signalAfterPromotion } from '../../domain/next-signal.ts';
import { environmentsOf, type ReleasePlan } from '../../domain/release-plan.ts';
import { decodeSignal, encodeSignal, type Signal, type SignalKey } from '../../domain/signal.ts';
import { type EpochMs, later } from '../../domain/time.ts';
import type { ArtifactRecord } from '../../ports/artifact-store.ts';
import type { ChefServer } from '../../ports/chef-server.ts';
import type { WriteOutcome } from '../../ports/conditional-write.ts';
import type { Step } from '../../domain/train-memory.ts';
import { controlKey } from '../librarian/control-store.ts';
import { silentLog } from '../log.ts';
import type { LibrarianPorts } from '../librarian/librarian-ports.ts';
import { uploadsOf } from '../librarian/uploads.ts';
import { drawnInteger, PURPOSE } from './draw.ts';
import type { Place } from './place.ts';
import type { ScenarioArtifact } from './scenario.ts';
import { type Weather, weatherUnder } from './weather.ts';
import type { World } from './world.ts';

/** Thrown where a Librarian is killed: no effect of it comes after. */
export class LibrarianKilled extends Error {}

/** Told of what reaches the world. */
export interface Witness {
  /** Told before what the nodes of a place see is changed. */
  readonly changing: (place: Place, at: EpochMs) => void;
  readonly pinned: (place: Place, version: Version, at: EpochMs) => void;
  readonly signalled: (place: Place, signal: Signal, at: EpochMs) => void;
}

/** After which effect a Librarian dies, counted from 0; `before`: without that one. */
export interface Kill {
  readonly effect: number;
  readonly before: boolean;
}

interface Document {
  readonly body: string;
  readonly revision: string;
}

const UNAVAILABLE_STORE = { _tag: 'Unavailable', detail: 'the store does not answer' } as const;

/** The manifest of an artifact of a scenario. */
export const manifestOf = ({ version, cookbooks }: Pick<ScenarioArtifact, 'version' | 'cookbooks'>): Manifest => ({
  baseVersion: version,
  latestCommitHash: '0123456789abcdef0123456789abcdef01234567',
  author: 'Simulation <simulation@example.com>',
  cookbookVersions: {},
  siteCookbookVersions: Object.fromEntries(
    Array.from({ length: cookbooks }, (_, i) => [nameFromLiteral(CookbookName)(`cookbook-${i}`), version]),
  ),
});

/** The steps of `plan`'s environments on its stacks, as far as the simulation can go on with them. */
const withoutRequests = (control: ControlState, plan: ReleasePlan): ControlState => {
  const environments = environmentsOf(plan);
  const steps = [...control.memory.steps].flatMap(
    ([environment, step]): readonly (readonly [EnvironmentName, Step])[] => {
      const stacks = step.stacks.filter((stack) => plan.stacks.includes(stack));
      const isHere = environments.includes(environment) && stacks.length > 0;
      return isHere ? [[environment, { ...step, stacks, requests: [] }]] : [];
    },
  );
  return { ...control, memory: { ...control.memory, steps: new Map(steps) } };
};

const checksumOf = (version: Version): string => Buffer.from(version).toString('hex').padEnd(64, '0').slice(0, 64);

/** What is read of a simulated artifact. */
export const noBytes = async function* (): AsyncGenerator<Uint8Array> {
  // A simulated artifact is its manifest.
};

/** Everything that Librarians see and change. */
export class ControlPlane {
  weather: Weather = weatherUnder([], []);
  now: EpochMs;
  /** The audit trail's records, and every change of the control state. */
  writes = 0;
  readonly #world: World;
  readonly #places: ReadonlyMap<StackName, ReadonlyMap<EnvironmentName, Place>>;
  readonly #witness: Witness;
  readonly #artifacts = new Map<Version, ArtifactRecord>();
  readonly #complete = new Map<StackName, Map<Version, string>>();
  /** Since when every stack has held all of it. */
  readonly #wholeSince = new Map<Version, EpochMs>();
  readonly #environments = new Map<StackName, Map<EnvironmentName, ChefEnvironment>>();
  readonly #documents = new Map<string, Document>();
  /** The promotions of this instant that the audit trail tells of. */
  readonly #announced = new Set<string>();
  #turnsFor = 0;
  #turns = 0;

  constructor(world: World, places: ControlPlane['places'], witness: Witness) {
    this.#world = world;
    this.#places = places;
    this.#witness = witness;
    this.now = world.scenario.startsAt;
  }

  get places(): ReadonlyMap<StackName, ReadonlyMap<EnvironmentName, Place>> {
    return this.#places;
  }

  /** From now on turns are drawn for what happens at `now`: the same, whatever was done before. */
  reach(now: EpochMs): void {
    this.now = now;
    this.#turnsFor = Math.floor((now - this.#world.scenario.startsAt) / 1000);
    this.#turns = 0;
    this.#announced.clear();
  }

  /** Pins every place to `version`, as though it had been so before the simulation. */
  install(artifact: ScenarioArtifact): void {
    const record = this.#recordOf(artifact);
    this.#artifacts.set(record.version, record);
    for (const [stack, places] of this.#places) {
      this.#completeOn(stack).set(record.version, record.sha256);
      for (const [environment, place] of places) {
        this.#environmentsOf(stack).set(environment, pinTo(emptyChefEnvironment(environment), record.manifest));
        place.pinTo(record.version, this.now);
      }
    }
  }

  /** Puts everything as `start` has it, as though it had been so before the simulation. */
  resume(start: StartingState): void {
    const { plan } = this.#world.scenario;
    for (const { version, completeOn, unknownOn, addedAt } of start.artifacts) {
      const record = { ...this.#recordOf({ version, cookbooks: 1 }), addedAt };
      this.#artifacts.set(version, record);
      // Of a stack that did not answer the best is assumed: it lacks nothing but what it will say itself.
      for (const stack of [...completeOn, ...unknownOn]) this.#completeOn(stack).set(version, record.sha256);
      if (this.isCompleteEverywhere(version)) this.#wholeSince.set(version, addedAt);
    }
    for (const [stack, places] of this.#places) {
      for (const [environment, place] of places) {
        const pin = O.toUndefined(exportedPin(start, environment, stack));
        if (pin !== undefined) {
          const manifest = manifestOf({ version: pin, cookbooks: 1 });
          this.#environmentsOf(stack).set(environment, pinTo(emptyChefEnvironment(environment), manifest));
          place.pinTo(pin, this.now);
        }
        const told = start.signals.get(environment)?.get(stack);
        if (told !== undefined) place.put(encodeSignal(this.#signalOf(place, told)));
      }
    }
    // The trail of what was before is not here: its records are named by nobody.
    const control = { ...withoutRequests(start.control, plan), settledTo: 0 };
    this.#documents.set(controlKey({ plan }), { body: encodeControlState(control), revision: 'resumed' });
  }

  /** Whether every stack holds all of `version`. */
  isCompleteEverywhere(version: Version): boolean {
    return this.#world.scenario.plan.stacks.every((stack) => this.#completeOn(stack).has(version));
  }

  /** Whether the audit trail has it, of this instant, that `environment` is to be promoted to `version`. */
  isAnnounced(environment: EnvironmentName, version: Version): boolean {
    return this.#announced.has(`${environment} ${version}`);
  }

  /** The newest version, but those that are rejected, that every stack held whole before `at`. */
  newestBefore(at: EpochMs, rejected: ReadonlySet<Version>): Version | undefined {
    let newest: Version | undefined;
    for (const [version, wholeSince] of this.#wholeSince) {
      const isEligible = wholeSince < at && !rejected.has(version);
      if (isEligible && (newest === undefined || compareVersions(version, newest) > 0)) newest = version;
    }
    return newest;
  }

  /** What the stacks pin, as the tally of the train sees it. */
  pinOf(stack: StackName, environment: EnvironmentName): Version | undefined {
    const found = this.#environmentsOf(stack).get(environment);
    return found === undefined ? undefined : O.toUndefined(pinnedVersion(found));
  }

  /**
   * A Librarian on this world.
   *
   * @param arriving - the artifact that it is given, where it is given one.
   * @param kill - when it dies.
   * @param isAlone - whether no other works at the same time: else they take turns, drawn by the seed.
   */
  librarian(arriving?: ScenarioArtifact, kill?: Kill, isAlone = true): LibrarianPorts {
    let effects = 0;
    let isDead = false;
    const alive = async (): Promise<void> => {
      if (!isAlone) await this.#waitTurn();
      if (isDead) throw new LibrarianKilled();
    };
    const performing = async <A>(perform: () => A): Promise<A> => {
      await alive();
      const isHit = kill !== undefined && effects++ === kill.effect;
      if (isHit) isDead = true;
      if (isHit && kill.before) throw new LibrarianKilled();
      const result = perform();
      if (isHit) throw new LibrarianKilled();
      return result;
    };
    const { plan } = this.#world.scenario;
    return this.#world.programs.librarianPorts({
      plan,
      bucket: 'simulation',
      log: silentLog,
      uploads: uploadsOf({ now: () => this.now }),
      clock: {
        now: () => this.now,
        elapsedMs: () => this.now,
        sleepUntil: () => Promise.resolve(),
      },
      intake: async () =>
        arriving === undefined
          ? { _tag: 'BadArtifact', detail: 'nothing arrives' }
          : { _tag: 'Received', ...this.#received(arriving), read: noBytes, discard: async () => undefined },
      artifacts: {
        keyOf: ({ version }) => `${version}.tar.gz`,
        add: async (record) => performing(() => this.#addArtifact(record)),
        list: async () => ({ _tag: 'Listed', artifacts: [...this.#artifacts.values()] }),
        open: async (version) => {
          const record = this.#artifacts.get(version);
          return record === undefined ? { _tag: 'Missing' } : { _tag: 'Opened', record, tarball: noBytes() };
        },
      },
      bus: {
        read: async (key, known) => {
          await alive();
          return this.#placeOf(key)?.read(known) ?? { _tag: 'Missing' };
        },
        write: async (key, body, expected) => performing(() => this.#writeSignal(key, body, expected)),
      },
      state: {
        read: async (key) => {
          await alive();
          if (this.weather.storeDown) return UNAVAILABLE_STORE;
          const document = this.#documents.get(key);
          return document === undefined ? { _tag: 'Missing' } : { _tag: 'Found', ...document };
        },
        write: async (key, body, expected) => performing(() => this.#writeDocument(key, body, expected)),
      },
      chefServers: new Map(plan.stacks.map((stack) => [stack, this.#chefServer(stack, alive, performing)])),
    });
  }

  #chefServer(
    stack: StackName,
    alive: () => Promise<void>,
    performing: <A>(perform: () => A) => Promise<A>,
  ): ChefServer {
    const down = { _tag: 'Unavailable', detail: `${stack} does not answer` } as const;
    const refused = { _tag: 'Unavailable', detail: `${stack} takes no pins` } as const;
    const isDown = () => this.weather.serversDown.has(stack);
    return {
      stack,
      upload: async (record) =>
        performing(() => {
          if (isDown()) return down;
          this.#completeOn(stack).set(record.version, record.sha256);
          if (this.isCompleteEverywhere(record.version)) this.#wholeSince.set(record.version, this.now);
          return { _tag: 'Complete' } as const;
        }),
      completeArtifacts: async () => {
        await alive();
        return isDown() ? down : { _tag: 'Listed', sha256ByVersion: this.#completeOn(stack) };
      },
      environment: async (name) => {
        await alive();
        if (isDown()) return down;
        const environment = this.#environmentsOf(stack).get(name);
        return environment === undefined ? { _tag: 'Missing' } : { _tag: 'Found', environment };
      },
      pin: async (name, manifest) =>
        performing(() => {
          if (isDown()) return down;
          if (this.weather.pinsRefused.has(stack)) return refused;
          this.#pin(stack, name, manifest);
          return { _tag: 'Pinned' } as const;
        }),
    };
  }

  #pin(stack: StackName, name: EnvironmentName, manifest: Manifest): void {
    const environments = this.#environmentsOf(stack);
    environments.set(name, pinTo(environments.get(name) ?? emptyChefEnvironment(name), manifest));
    const place = this.#places.get(stack)?.get(name);
    if (place === undefined) return;
    const isNew = place.pin !== manifest.baseVersion;
    if (isNew) this.#witness.changing(place, this.now);
    place.pinTo(manifest.baseVersion, this.now);
    if (isNew) this.#witness.pinned(place, manifest.baseVersion, this.now);
  }

  #writeSignal(key: SignalKey, body: string, expected: string | undefined): WriteOutcome {
    const place = this.#placeOf(key);
    if (place === undefined) return { _tag: 'Unknown', detail: 'no such key' };
    if (place.busMode === 'down' || place.busMode === 'denied') return { _tag: 'Unknown', detail: 'the bus is down' };
    if (place.held?.revision !== expected) return { _tag: 'Conflict' };
    this.#witness.changing(place, this.now);
    const held = place.put(body);
    this.writes++;
    const decoded = decodeSignal(body);
    if (E.isRight(decoded)) this.#witness.signalled(place, decoded.right, this.now);
    return place.areAnswersLost
      ? { _tag: 'Unknown', detail: 'the answer was lost' }
      : { _tag: 'Landed', revision: held.revision };
  }

  #writeDocument(key: string, body: string, expected: string | undefined): WriteOutcome {
    if (this.weather.storeDown || (this.weather.auditUnwritable && key.startsWith('audit/'))) {
      return { _tag: 'Unknown', detail: 'the store does not answer' };
    }
    if (this.#documents.get(key)?.revision !== expected) return { _tag: 'Conflict' };
    this.writes++;
    if (key.startsWith('audit/')) this.#announce(body);
    const revision = String(this.writes);
    this.#documents.set(key, { body, revision });
    return { _tag: 'Landed', revision };
  }

  #announce(body: string): void {
    const { details } = JSON.parse(body) as { readonly details?: Readonly<Record<string, unknown>> };
    if (details !== undefined) this.#announced.add(`${String(details.environment)} ${String(details.version)}`);
  }

  #addArtifact(record: ArtifactRecord) {
    if (this.#artifacts.has(record.version)) return { _tag: 'AlreadyThere' } as const;
    this.#artifacts.set(record.version, record);
    return { _tag: 'Added' } as const;
  }

  #received(artifact: ScenarioArtifact) {
    const { manifest, sha256, sizeBytes } = this.#recordOf(artifact);
    return { manifest, sha256, sizeBytes };
  }

  #recordOf(artifact: Pick<ScenarioArtifact, 'version' | 'cookbooks'>): ArtifactRecord {
    const { version } = artifact;
    const addedAt = later(this.now, this.#world.scenario.startsAt);
    return { version, sha256: checksumOf(version), sizeBytes: 1, addedAt, manifest: manifestOf(artifact) };
  }

  #signalOf(key: SignalKey, { version, timestamp }: ExportedSignal): Signal {
    const artifact = {
      manifest: manifestOf({ version, cookbooks: 1 }),
      uploadedAt: this.now,
      bucket: 'simulation',
      key: `${version}.tar.gz`,
    };
    const terms = { splaySeconds: 0, departures: departuresOf(this.#world.scenario.plan, key.environment) };
    return { ...signalAfterPromotion(key, artifact, terms, O.none, this.now), timestamp };
  }

  #placeOf({ stack, environment }: SignalKey): Place | undefined {
    return this.#places.get(stack)?.get(environment);
  }

  #completeOn(stack: StackName): Map<Version, string> {
    const complete = this.#complete.get(stack) ?? new Map<Version, string>();
    this.#complete.set(stack, complete);
    return complete;
  }

  #environmentsOf(stack: StackName): Map<EnvironmentName, ChefEnvironment> {
    const environments = this.#environments.get(stack) ?? new Map<EnvironmentName, ChefEnvironment>();
    this.#environments.set(stack, environments);
    return environments;
  }

  async #waitTurn(): Promise<void> {
    const turns = drawnInteger(this.#world.seed, PURPOSE.turns, this.#turnsFor, this.#turns++, 4);
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
  }
}
