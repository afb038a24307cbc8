/**
 * A Librarian's world in which every call of a port is a step of its own: whose turn it is is decided from outside, and at
 * any call a Librarian may be killed, be refused, or lose the answer. Everything that changes the world is written down.
 *
 * @module
 */
import { setImmediate as settled } from 'node:timers/promises';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { exampleArtifact, exampleManifest } from '../../src/adapters/contracts/example-artifact.ts';
import { memoryChefServer, memorySignalBus, memoryStateStore, virtualClock } from '../../src/adapters/memory/index.ts';
import type { LibrarianPorts } from '../../src/apps/librarian/librarian-ports.ts';
import { uploadsOf } from '../../src/apps/librarian/uploads.ts';
import { silentLog } from '../../src/apps/log.ts';
import { type AuditRecord, decodeAuditRecord } from '../../src/domain/audit-record.ts';
import { type ControlState, decodeControlState, EMPTY_CONTROL_STATE } from '../../src/domain/control-state.ts';
import type { EnvironmentName, StackName, Version } from '../../src/domain/names.ts';
import { signalAfterPromotion } from '../../src/domain/next-signal.ts';
import { pinnedVersion } from '../../src/domain/pin.ts';
import { environmentsOf } from '../../src/domain/release-plan.ts';
import { decodeSignal, encodeSignal } from '../../src/domain/signal.ts';
import type { EpochMs } from '../../src/domain/time.ts';
import type { ArtifactRecord } from '../../src/ports/artifact-store.ts';
import type { ChefServer } from '../../src/ports/chef-server.ts';
import { NOON, PLAN } from './librarian-world.ts';

/** What befalls a Librarian at one of its calls, counted from 0. */
export interface Mishap {
  readonly call: number;
  /**
   * Killed before the call or after it; refused by whom it calls; or the answer is lost on the way back, so that nobody
   * knows what came of it.
   */
  readonly what: 'killed before' | 'killed after' | 'refused' | 'answer lost';
}

/** Something that happened to the world, in order. */
export type Happening = { readonly hand: number } & (
  | {
      readonly _tag: 'Pin';
      readonly stack: StackName;
      readonly environment: EnvironmentName;
      readonly version: Version;
    }
  | {
      readonly _tag: 'Signal';
      readonly stack: StackName;
      readonly environment: EnvironmentName;
      readonly version: Version;
    }
  | { readonly _tag: 'Control'; readonly control: ControlState }
  | { readonly _tag: 'Audit'; readonly key: string; readonly record: AuditRecord }
);

/** The artifacts of the world, the oldest first. */
export const RELEASES: readonly ArtifactRecord[] = ['1.0.1', '1.0.2', '1.0.3', '1.0.4', '1.0.5'].map(
  (name) => exampleArtifact(exampleManifest(name, { apt: '7.5.23' }, { site: name })).record,
);

/** Who takes which turn. */
class Turns {
  readonly #choices: readonly number[];
  #waiting: { readonly hand: number; readonly goOn: () => void }[] = [];
  #chosen = 0;

  constructor(choices: readonly number[]) {
    this.#choices = choices;
  }

  wait(hand: number): Promise<void> {
    return new Promise((goOn) => this.#waiting.push({ hand, goOn }));
  }

  dies(hand: number): void {
    this.#waiting = this.#waiting.filter((one) => one.hand !== hand);
  }

  /** Lets one after the other go on, until nobody waits any more. */
  async takeAll(): Promise<void> {
    for (;;) {
      await settled();
      if (this.#waiting.length === 0) return;
      const choice = this.#choices[this.#chosen++ % Math.max(this.#choices.length, 1)] ?? 0;
      const [next] = this.#waiting.splice(choice % this.#waiting.length, 1);
      next?.goOn();
    }
  }
}

/** One Librarian, and what befalls it. */
export interface Hand<A> {
  readonly work: (ports: LibrarianPorts) => Promise<A>;
  readonly mishaps: readonly Mishap[];
}

interface End<A> {
  result: O.Option<A>;
  error: unknown;
}

/** A world with its history. */
export interface SagaWorld {
  readonly now: () => EpochMs;
  readonly pass: (ms: number) => Promise<void>;
  /** So many of {@link RELEASES} are there. */
  releases: number;
  readonly history: Happening[];
  /** Lets Librarians do their work, each on ports of its own, in the order of `turns`. Of one that was killed nothing comes back. */
  readonly together: <A>(hands: readonly Hand<A>[], turns: readonly number[]) => Promise<readonly O.Option<A>[]>;
  readonly control: () => Promise<ControlState>;
  readonly pin: (stack: StackName, environment: EnvironmentName) => Promise<Version | undefined>;
  readonly signal: (stack: StackName, environment: EnvironmentName) => Promise<Version | undefined>;
  /** The documents of the audit trail, by key. */
  readonly trail: ReadonlyMap<string, AuditRecord>;
}

const CONTROL_KEY = `librarian/${PLAN.name}.json`;
const REFUSED = { _tag: 'Unavailable', detail: 'refused' } as const;
const LOST = { _tag: 'Unknown', detail: 'the answer was lost' } as const;
const LOST_PIN = { _tag: 'Unavailable', detail: 'the answer was lost' } as const;

/** A world in which every environment is on the first release, at noon, with the second one there. */
export const sagaWorld = async (): Promise<SagaWorld> => {
  const clock = virtualClock(NOON);
  const bus = memorySignalBus();
  const state = memoryStateStore();
  const servers = new Map(PLAN.stacks.map((stack) => [stack, memoryChefServer(stack)]));
  const history: Happening[] = [];
  const trail = new Map<string, AuditRecord>();
  const [first] = RELEASES;
  if (first === undefined) throw new Error('there are no releases');
  for (const environment of environmentsOf(PLAN)) {
    for (const [stack, server] of servers) {
      await server.pin(environment, first.manifest);
      const artifact = { manifest: first.manifest, uploadedAt: first.addedAt, bucket: 'bucket', key: '1.tar.gz' };
      const terms = { splaySeconds: 60, departures: O.none };
      const signal = signalAfterPromotion({ stack, environment }, artifact, terms, O.none, first.addedAt);
      await bus.write({ stack, environment }, encodeSignal(signal), undefined);
    }
  }
  let hands = 0;

  const portsOf = (world: SagaWorld, hand: number, mishaps: readonly Mishap[], turns: Turns): LibrarianPorts => {
    let calls = 0;
    let isDead = false;
    const never = new Promise<never>(() => undefined);
    /** One call: `refused` and `lost` are what the caller hears where it is so. */
    const call = async <A>(perform: () => Promise<A>, refused: A, lost: A, happened?: (a: A) => void): Promise<A> => {
      if (isDead) return never;
      await turns.wait(hand);
      const nth = calls++;
      const befallen = mishaps.find((mishap) => mishap.call === nth)?.what;
      const die = (): Promise<never> => {
        isDead = true;
        turns.dies(hand);
        return never;
      };
      if (befallen === 'killed before') return die();
      if (befallen === 'refused') return refused;
      const answer = await perform();
      happened?.(answer);
      if (befallen === 'killed after') return die();
      return befallen === 'answer lost' ? lost : answer;
    };
    const asked = <A>(perform: () => Promise<A>, refused: A): Promise<A> => call(perform, refused, refused);
    const server = (stack: StackName, real: ChefServer): ChefServer => ({
      ...real,
      completeArtifacts: () =>
        asked<Awaited<ReturnType<ChefServer['completeArtifacts']>>>(
          async () => ({
            _tag: 'Listed',
            sha256ByVersion: new Map(RELEASES.slice(0, world.releases).map(({ version, sha256 }) => [version, sha256])),
          }),
          REFUSED,
        ),
      environment: (name) => asked(() => real.environment(name), REFUSED),
      pin: (environment, manifest) =>
        call(
          () => real.pin(environment, manifest),
          REFUSED,
          LOST_PIN,
          () => history.push({ hand, _tag: 'Pin', stack, environment, version: manifest.baseVersion }),
        ),
    });
    const written = (key: string, body: string): void => {
      if (key === CONTROL_KEY) {
        const control = decodeControlState(body);
        if (E.isLeft(control)) throw new Error(`an unreadable control state was written: ${body}`);
        history.push({ hand, _tag: 'Control', control: control.right });
      } else {
        const record = decodeAuditRecord(body);
        if (E.isLeft(record)) throw new Error(`an unreadable audit record was written: ${body}`);
        trail.set(key, record.right);
        history.push({ hand, _tag: 'Audit', key, record: record.right });
      }
    };
    return {
      plan: PLAN,
      clock,
      bucket: 'bucket',
      uploads: uploadsOf(clock),
      log: silentLog,
      intake: () => Promise.resolve({ _tag: 'BadArtifact', detail: 'nothing arrives' }),
      artifacts: {
        keyOf: ({ version }) => `${version}.tar.gz`,
        add: () => Promise.resolve(REFUSED),
        open: () => Promise.resolve(REFUSED),
        list: () =>
          asked<Awaited<ReturnType<LibrarianPorts['artifacts']['list']>>>(
            async () => ({ _tag: 'Listed', artifacts: RELEASES.slice(0, world.releases) }),
            REFUSED,
          ),
      },
      state: {
        read: (key) => asked(() => state.read(key), REFUSED),
        write: (key, body, expected) =>
          call(
            () => state.write(key, body, expected),
            LOST,
            LOST,
            ({ _tag }) => {
              if (_tag === 'Landed') written(key, body);
            },
          ),
      },
      bus: {
        read: (key, known) => asked(() => bus.read(key, known), REFUSED),
        write: (key, body, expected) =>
          call(
            () => bus.write(key, body, expected),
            LOST,
            LOST,
            ({ _tag }) => {
              const signal = decodeSignal(body);
              if (_tag !== 'Landed' || E.isLeft(signal)) return;
              history.push({ hand, _tag: 'Signal', ...key, version: signal.right.manifestRecord.version });
            },
          ),
      },
      chefServers: new Map([...servers].map(([stack, real]) => [stack, server(stack, real)])),
    };
  };

  const world: SagaWorld = {
    now: clock.now,
    pass: (ms) => clock.advanceTo((clock.now() + ms) as EpochMs),
    releases: 2,
    history,
    trail,
    together: async <A>(works: readonly Hand<A>[], choices: readonly number[]) => {
      const turns = new Turns(choices);
      const done = works.map(({ work, mishaps }) => {
        const end: End<A> = { result: O.none, error: undefined };
        work(portsOf(world, hands++, mishaps, turns)).then(
          (result) => {
            end.result = O.some(result);
          },
          (error: unknown) => {
            end.error = error;
          },
        );
        return end;
      });
      await turns.takeAll();
      for (const { error } of done) if (error !== undefined) throw new Error('a Librarian threw', { cause: error });
      return done.map(({ result }) => result);
    },
    control: async () => {
      const reading = await state.read(CONTROL_KEY);
      const decoded = reading._tag === 'Found' ? decodeControlState(reading.body) : E.right(EMPTY_CONTROL_STATE);
      if (E.isLeft(decoded)) throw new Error('the control state cannot be read');
      return decoded.right;
    },
    pin: async (stack, environment) => {
      const found = await servers.get(stack)?.environment(environment);
      return found?._tag === 'Found' ? O.toUndefined(pinnedVersion(found.environment)) : undefined;
    },
    signal: async (stack, environment) => {
      const reading = await bus.read({ stack, environment }, undefined);
      const signal = reading._tag === 'Fresh' ? decodeSignal(reading.body) : undefined;
      return signal !== undefined && E.isRight(signal) ? signal.right.manifestRecord.version : undefined;
    },
  };
  return world;
};
