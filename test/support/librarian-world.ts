/**
 * A Librarian's whole world in memory: two stacks, a bus, stores, and a journal of every effect, which can be cut off at
 * any of them as a killed process would be.
 */
import { createHash } from 'node:crypto';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { exampleArtifact, exampleManifest, streamed } from '../../src/adapters/contracts/example-artifact.ts';
import {
  memoryArtifactStore,
  memoryChefServer,
  memorySignalBus,
  memoryStateStore,
  virtualClock,
  type VirtualClock,
} from '../../src/adapters/memory/index.ts';
import { inspectArtifact } from '../../src/adapters/artifact-format/index.ts';
import { formatFailure, type Failure } from '../../src/apps/failure.ts';
import { addArtifact } from '../../src/apps/librarian/add-artifact.ts';
import { promote } from '../../src/apps/librarian/intervene.ts';
import type { LibrarianPorts } from '../../src/apps/librarian/librarian-ports.ts';
import { uploadsOf } from '../../src/apps/librarian/uploads.ts';
import { silentLog } from '../../src/apps/log.ts';
import type { EnvironmentName, StackName, Version } from '../../src/domain/names.ts';
import { pinnedVersion } from '../../src/domain/pin.ts';
import type { ReleasePlan } from '../../src/domain/release-plan.ts';
import { decodeSignal, type Signal } from '../../src/domain/signal.ts';
import { epochMs, type EpochMs } from '../../src/domain/time.ts';
import type { ArtifactIntake } from '../../src/ports/artifact-intake.ts';
import { environmentName, planOf, stackName, version } from './slack.ts';

/** 2026-01-05T12:00:00Z. */
export const NOON: EpochMs = epochMs(1_767_614_400_000);

/** One effect on the world, in the order in which it happened. */
export interface Effect {
  readonly what: 'pin' | 'signal' | 'audit' | 'control' | 'upload' | 'artifact';
  readonly where: string;
  readonly version?: string;
}

/** Thrown where the process is killed: no effect comes after it. */
export class Killed extends Error {}

/** The process is killed at the n-th effect, counted from 0, before or after that effect has happened. */
export interface Kill {
  readonly at: number;
  readonly when: 'before' | 'after';
}

/** What is left of the world when a Librarian dies: everything but the Librarian. */
export interface World {
  readonly plan: ReleasePlan;
  readonly clock: VirtualClock;
  readonly journal: Effect[];
  /** Stacks whose Chef server does not answer. */
  readonly down: Set<StackName>;
  /** Keys of the state store that cannot be written. */
  readonly unwritable: RegExp[];
  /** A new Librarian on this world. */
  readonly librarian: (kill?: Kill) => LibrarianPorts;
  /** Puts bytes on the bus that no Librarian would. */
  readonly plantSignal: (stack: StackName, environment: EnvironmentName, bytes: Uint8Array) => void;
  readonly pin: (stack: StackName, environment: EnvironmentName) => Promise<Version | undefined>;
  readonly signal: (stack: StackName, environment: EnvironmentName) => Promise<Signal | undefined>;
}

/** Two stacks; one environment after the other. */
export const PLAN: ReleasePlan = planOf({
  name: 'world',
  stacks: ['basalt', 'ironstone'],
  stages: [
    { name: 'latest', kind: 'latest', environments: ['dev'], every: '1h' },
    { name: 'train', kind: 'train', environments: ['prod-1', 'prod-2'], boards: 'dev', every: '1h', offset: '30m' },
  ],
  by_hand: ['image'],
});

export const DEV = environmentName('dev');
export const BASALT = stackName('basalt');
export const IRONSTONE = stackName('ironstone');

const intake: ArtifactIntake = async (tarball) => {
  const pieces: Uint8Array[] = [];
  for await (const piece of tarball) pieces.push(Uint8Array.from(piece));
  const bytes = Buffer.concat(pieces);
  const inspected = await inspectArtifact(streamed(bytes));
  if (inspected._tag === 'BadArtifact') return inspected;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    _tag: 'Received',
    manifest: inspected.manifest,
    sha256,
    sizeBytes: bytes.length,
    read: () => streamed(bytes),
    discard: () => Promise.resolve(),
  };
};

export const world = (plan: ReleasePlan = PLAN, now: EpochMs = NOON): World => {
  const clock = virtualClock(now);
  const bus = memorySignalBus();
  const state = memoryStateStore();
  const artifacts = memoryArtifactStore();
  const servers = new Map(plan.stacks.map((stack) => [stack, memoryChefServer(stack)]));
  const journal: Effect[] = [];
  const down = new Set<StackName>();
  const unwritable: RegExp[] = [];

  const librarian = (kill?: Kill): LibrarianPorts => {
    let effects = 0;
    let isDead = false;
    const performing = async <A>(effect: Effect, perform: () => Promise<A>, done: (a: A) => boolean): Promise<A> => {
      if (isDead) throw new Killed();
      const isHit = kill !== undefined && effects++ === kill.at;
      if (isHit) isDead = true;
      if (isHit && kill.when === 'before') throw new Killed();
      const result = await perform();
      if (done(result)) journal.push(effect);
      if (isHit) throw new Killed();
      return result;
    };
    const landed = ({ _tag }: { readonly _tag: string }): boolean => _tag === 'Landed';
    return {
      plan,
      clock,
      bucket: 'bucket',
      intake,
      uploads: uploadsOf(clock),
      log: silentLog,
      artifacts: {
        ...artifacts,
        add: (record, tarball) =>
          performing(
            { what: 'artifact', where: record.version },
            () => artifacts.add(record, tarball),
            ({ _tag }) => _tag === 'Added',
          ),
      },
      state: {
        read: state.read,
        write: async (key, body, expected) => {
          if (unwritable.some((pattern) => pattern.test(key))) return { _tag: 'Unknown', detail: 'no space left' };
          const what = key.startsWith('audit/') ? 'audit' : 'control';
          return performing({ what, where: key }, () => state.write(key, body, expected), landed);
        },
      },
      bus: {
        read: bus.read,
        write: (key, body, expected) => {
          const decoded = decodeSignal(body);
          const told = E.isRight(decoded) ? decoded.right.manifestRecord.version : 'malformed';
          const effect: Effect = { what: 'signal', where: `${key.stack}/${key.environment}`, version: told };
          return performing(effect, () => bus.write(key, body, expected), landed);
        },
      },
      chefServers: new Map(
        [...servers].map(([stack, server]) => [
          stack,
          {
            ...server,
            environment: async (name) =>
              down.has(stack) ? { _tag: 'Unavailable', detail: `${stack} is down` } : server.environment(name),
            pin: async (name, manifest) =>
              down.has(stack)
                ? { _tag: 'Unavailable', detail: `${stack} is down` }
                : performing(
                    { what: 'pin', where: `${stack}/${name}`, version: manifest.baseVersion },
                    () => server.pin(name, manifest),
                    () => true,
                  ),
            completeArtifacts: async () =>
              down.has(stack) ? { _tag: 'Unavailable', detail: `${stack} is down` } : server.completeArtifacts(),
            upload: async (record, tarball) =>
              down.has(stack)
                ? { _tag: 'Unavailable', detail: `${stack} is down` }
                : performing(
                    { what: 'upload', where: stack, version: record.version },
                    () => server.upload(record, tarball),
                    ({ _tag }) => _tag === 'Complete',
                  ),
          },
        ]),
      ),
    };
  };

  return {
    plan,
    clock,
    journal,
    down,
    unwritable,
    librarian,
    plantSignal: (stack, environment, bytes) => {
      bus.plant({ stack, environment }, bytes);
    },
    pin: async (stack, environment) => {
      const found = await servers.get(stack)?.environment(environment);
      return found?._tag === 'Found' ? O.toUndefined(pinnedVersion(found.environment)) : undefined;
    },
    signal: async (stack, environment) => {
      const reading = await bus.read({ stack, environment }, undefined);
      if (reading._tag !== 'Fresh') return undefined;
      return O.toUndefined(O.fromEither(decodeSignal(reading.body)));
    },
  };
};

/** What a step of the test itself must not fail with. */
export const must = <A>(result: E.Either<Failure, A>): A => {
  if (E.isLeft(result)) throw new Error(formatFailure(result.left));
  return result.right;
};

/** The bytes of an artifact, different for each version and `recipe`. */
export const tarballOf = (name: string, recipe?: string): Uint8Array =>
  exampleArtifact(exampleManifest(name, { apt: '7.5.23' }, { site: `1.0.${name.replace(/\D/g, '') || '0'}` }), recipe)
    .tarball;

/** Who does what tests do. */
export const TESTER = { who: 'tester', why: 'test' };

/** Adds an artifact, as a Librarian that nobody kills. */
export const add = async (on: World, name: string): Promise<Version> => {
  must(await addArtifact(on.librarian())(streamed(tarballOf(name)), TESTER)());
  return version(name);
};

/** Promotes by hand, as a Librarian that nobody kills. */
export const promoteTo = async (on: World, name: string, environment: EnvironmentName): Promise<void> => {
  const request = { version: version(name), environment, stack: O.none, splaySeconds: O.none };
  must(await promote(on.librarian())({ who: 'tester', why: 'test' }, request)());
};
