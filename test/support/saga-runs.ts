/**
 * Random runs of the promotion saga, and what must be so at each moment of them and at their end.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import fc from 'fast-check';
import { promote, rollback } from '../../src/apps/librarian/intervene.ts';
import type { LibrarianPorts } from '../../src/apps/librarian/librarian-ports.ts';
import { type Deciders, SHIPPED_DECIDERS, tickWith } from '../../src/apps/librarian/tick.ts';
import { decodeControlState, encodeControlState } from '../../src/domain/control-state.ts';
import type { EnvironmentName, StackName, Version } from '../../src/domain/names.ts';
import { type ChefEnvironment, pinTo } from '../../src/domain/pin.ts';
import { promotionId } from '../../src/domain/promotion-id.ts';
import { environmentsOf } from '../../src/domain/release-plan.ts';
import type { SignalKey } from '../../src/domain/signal.ts';
import type { TickDecision } from '../../src/domain/tick.ts';
import { HOUR_MS, MINUTE_MS } from '../../src/domain/time.ts';
import type { Step, TrainMemory } from '../../src/domain/train-memory.ts';
import { PLAN, TESTER } from './librarian-world.ts';
import { type Happening, type Mishap, RELEASES, type SagaWorld, sagaWorld } from './saga-world.ts';
import { environmentName } from './slack.ts';

/** What one Librarian is asked to do. */
export type Deed =
  | { readonly does: 'tick' }
  | { readonly does: 'promote'; readonly environment: EnvironmentName; readonly release: number }
  | { readonly does: 'rollback'; readonly environments: readonly EnvironmentName[] };

/** Librarians that work at once, after a while in which some releases may have come. */
export interface Round {
  readonly afterMs: number;
  readonly isRelease: boolean;
  readonly hands: readonly { readonly deed: Deed; readonly mishaps: readonly Mishap[] }[];
  /** Whose turn it is, call after call. */
  readonly turns: readonly number[];
}

/** The Librarian that is tried: the shipped one, or one with a safety taken out. */
export interface SagaVariant {
  readonly ports?: (ports: LibrarianPorts) => LibrarianPorts;
  readonly deciders?: Deciders;
}

const ENVIRONMENTS = environmentsOf(PLAN);
const STOPS = [environmentName('prod-1'), environmentName('prod-2')];

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Deed>({ does: 'tick' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('promote' as const),
      environment: fc.constantFrom(...ENVIRONMENTS),
      release: fc.nat({ max: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('rollback' as const),
      environments: fc.constantFrom<readonly EnvironmentName[]>([environmentName('dev')], STOPS),
    }),
  },
);

/** More calls than a tick makes; fewer die at each when there are many that never come. */
const CALLS_MAX = 90;

const mishaps: fc.Arbitrary<readonly Mishap[]> = fc
  .tuple(
    fc.option(
      fc.record({
        call: fc.nat({ max: CALLS_MAX }),
        what: fc.constantFrom<Mishap['what']>('killed before', 'killed after'),
      }),
      { freq: 2 },
    ),
    fc.array(
      fc.record({ call: fc.nat({ max: CALLS_MAX }), what: fc.constantFrom<Mishap['what']>('refused', 'answer lost') }),
      { maxLength: 2 },
    ),
  )
  .map(([death, others]) => (death === null ? others : [death, ...others]));

/** The rounds of a run. */
export const sagaRuns: fc.Arbitrary<readonly Round[]> = fc.array(
  fc.record({
    afterMs: fc.constantFrom(MINUTE_MS, MINUTE_MS, 30 * MINUTE_MS, 60 * MINUTE_MS),
    isRelease: fc.boolean(),
    hands: fc.array(fc.record({ deed: deeds, mishaps }), { minLength: 1, maxLength: 2 }),
    turns: fc.array(fc.nat({ max: 7 }), { maxLength: 40 }),
  }),
  { minLength: 1, maxLength: 4 },
);

/** Thrown where a law is broken. */
export class LawBroken extends Error {}

const demand = (law: string, holds: boolean, what: () => string): void => {
  if (!holds) throw new LawBroken(`${law}: ${what()}`);
};

/** What a deed came to: the versions that were rejected by it. */
const workOf =
  ({ deciders = SHIPPED_DECIDERS, ports: change = (ports) => ports }: SagaVariant, deed: Deed) =>
  async (given: LibrarianPorts): Promise<readonly Version[]> => {
    const ports = change(given);
    switch (deed.does) {
      case 'tick':
        await tickWith(deciders)(ports)();
        return [];
      case 'promote': {
        const version = RELEASES[deed.release]?.version;
        if (version === undefined) return [];
        const request = { environment: deed.environment, version, stack: O.none, splaySeconds: O.none };
        await promote(ports)(TESTER, request)();
        return [];
      }
      case 'rollback': {
        const done = await rollback(ports)(TESTER, { environments: deed.environments, to: O.none })();
        return E.isRight(done) ? done.right.rejected : [];
      }
    }
  };

/** One step of an environment, and what was done for it. */
interface Followed {
  readonly environment: EnvironmentName;
  readonly step: Step;
  readonly signals: Map<StackName, number>;
  isClosed: boolean;
}

/** Follows a history and checks what must be so at each moment of it. */
class Follower {
  readonly #steps = new Map<string, Followed>();
  readonly #open = new Map<EnvironmentName, Followed>();
  readonly #announced = new Set<string>();
  readonly #pinned = new Map<string, { readonly hand: number; readonly version: Version }>();
  readonly #rejected = new Set<Version>();
  #seen = 0;
  #roundBegan = 0;

  /** A round begins: whoever worked before is done or dead. */
  roundBegins(): void {
    this.#roundBegan = this.#seen;
  }

  reject(versions: readonly Version[]): void {
    for (const version of versions) this.#rejected.add(version);
  }

  get steps(): Iterable<Followed> {
    return this.#steps.values();
  }

  /** Takes note of what has happened since it last looked. */
  follow(history: readonly Happening[]): void {
    for (const happening of history.slice(this.#seen)) {
      this.#take(happening, history.slice(this.#roundBegan, this.#seen));
      this.#seen++;
    }
  }

  #take(happening: Happening, round: readonly Happening[]): void {
    switch (happening._tag) {
      case 'Audit': {
        const { record, hand } = happening;
        if (record._tag === 'Outcome' || record.details['promotion'] === undefined) return;
        this.#announced.add(`${hand} ${String(record.details['environment'])} ${String(record.details['version'])}`);
        return;
      }
      case 'Control':
        this.#remember(happening.control.memory.steps);
        return;
      case 'Pin': {
        const { hand, stack, environment, version } = happening;
        this.#checkAnnounced(happening);
        demand('T12', !this.#rejected.has(version), () => `${stack}/${environment} is moved to ${version} again`);
        this.#pinned.set(`${stack}/${environment}`, { hand, version });
        return;
      }
      case 'Signal': {
        const { hand, stack, environment, version } = happening;
        this.#checkAnnounced(happening);
        const where = `${stack}/${environment}`;
        const pinned = this.#pinned.get(where)?.version ?? RELEASES[0]?.version;
        const isContested = round.some(
          (other) => other._tag === 'Pin' && other.hand !== hand && `${other.stack}/${other.environment}` === where,
        );
        demand('L1', pinned === version || isContested, () => `${where} is told of ${version}, pinned to ${pinned}`);
        const open = this.#open.get(environment);
        if (open?.step.version !== version) return;
        const told = (open.signals.get(stack) ?? 0) + 1;
        open.signals.set(stack, told);
        demand('L8', told === 1, () => `${where} is told of ${version} ${told} times by one promotion`);
      }
    }
  }

  #checkAnnounced({
    hand,
    stack,
    environment,
    version,
  }: Extract<Happening, { readonly _tag: 'Pin' | 'Signal' }>): void {
    demand(
      'L5',
      this.#announced.has(`${hand} ${environment} ${version}`),
      () => `${stack}/${environment} was moved to ${version}, and the audit trail does not say so`,
    );
  }

  #remember(steps: ReadonlyMap<EnvironmentName, Step>): void {
    for (const [environment, open] of this.#open) {
      const step = steps.get(environment);
      if (step !== undefined && promotionId(environment, step) === promotionId(environment, open.step)) continue;
      open.isClosed = step === undefined;
      this.#open.delete(environment);
    }
    for (const [environment, step] of steps) {
      if (this.#open.has(environment)) continue;
      const id = promotionId(environment, step);
      demand('T7', !this.#steps.has(id), () => `${id} was begun twice`);
      demand('T12', !this.#rejected.has(step.version), () => `${id} brings back what was rolled back`);
      const followed = { environment, step, signals: new Map<StackName, number>(), isClosed: false };
      this.#steps.set(id, followed);
      this.#open.set(environment, followed);
    }
  }
}

/** L5: numbered without a gap, and what was announced has one outcome. */
const checkTrail = ({ trail, history }: SagaWorld, open: TrainMemory['steps']): void => {
  const outcomes = new Map<string, number>();
  const keys = [...trail.keys()];
  keys.forEach((key, i) => {
    demand('L5', key.endsWith(`${i + 1}`.padStart(12, '0') + '.json'), () => `record ${i + 1} is ${key}`);
  });
  for (const record of trail.values()) {
    if (record._tag === 'Outcome') outcomes.set(record.of, (outcomes.get(record.of) ?? 0) + 1);
  }
  const requests = new Set(
    history.flatMap((one) =>
      one._tag === 'Control' ? [...one.control.memory.steps.values()].flatMap((step) => step.requests) : [],
    ),
  );
  for (const [key, record] of trail) {
    if (record._tag === 'Outcome') {
      demand('L5', trail.get(record.of)?._tag === 'Intent', () => `${key} is the outcome of nothing, ${record.of}`);
      continue;
    }
    const count = outcomes.get(key) ?? 0;
    const isOpen = [...open].some(
      ([environment, step]) => environment === record.details['environment'] || step.requests.includes(key),
    );
    const mustEnd = !isOpen && (record.details['promotion'] !== undefined || requests.has(key));
    demand('L5', count === 1 || (count === 0 && !mustEnd), () => `${key} has ${count} outcomes`);
  }
};

/** What is so when all is quiet. */
const checkEnd = async (world: SagaWorld, follower: Follower): Promise<void> => {
  const { memory, rejections } = await world.control();
  for (const [environment, { version }] of memory.steps) {
    demand('L3', rejections.has(version), () => `the step of ${environment} to ${version} is left open`);
  }
  for (const environment of ENVIRONMENTS) {
    // Rejected half-way: it waits for somebody to say where to go.
    if (memory.steps.has(environment)) continue;
    const pins = await Promise.all(PLAN.stacks.map((stack) => world.pin(stack, environment)));
    const signals = await Promise.all(PLAN.stacks.map((stack) => world.signal(stack, environment)));
    demand('L3', new Set(pins).size === 1, () => `${environment} is on ${pins.join(' and ')}`);
    demand(
      'L1',
      pins.every((pin, i) => pin === signals[i]),
      () => `${environment} is on ${pins.join(', ')} and told ${signals.join(', ')}`,
    );
  }
  for (const { environment, step, signals, isClosed } of follower.steps) {
    if (!isClosed || step.overtaken.length === 0) continue;
    const last = [...follower.steps].filter((one) => one.environment === environment).at(-1)?.step;
    if (last !== step) continue;
    demand(
      'L3',
      step.stacks.every((stack) => signals.get(stack) === 1),
      () =>
        `${promotionId(environment, step)} took another's place and was not told everywhere: ${JSON.stringify([...signals])}`,
    );
  }
};

/** More ticks than it takes to finish what two Librarians may have left. */
const SETTLING_TICKS_MAX = 8;

/** Goes through a run; rejects with {@link LawBroken} where a law is broken. Answers how it went, for statistics. */
export const goThrough = async (rounds: readonly Round[], variant: SagaVariant = {}): Promise<SagaWorld> => {
  const world = await sagaWorld();
  const follower = new Follower();
  for (const { afterMs, isRelease, hands, turns } of rounds) {
    follower.roundBegins();
    const works = hands.map(({ deed, mishaps: befalls }) => ({ work: workOf(variant, deed), mishaps: befalls }));
    const done = await world.together(works, turns);
    follower.follow(world.history);
    for (const rejected of done) if (O.isSome(rejected)) follower.reject(rejected.value);
    await world.pass(afterMs);
    if (isRelease) world.releases = Math.min(world.releases + 1, RELEASES.length);
  }
  const settle = async (): Promise<void> => {
    for (let tick = 0; tick < SETTLING_TICKS_MAX; tick++) {
      const before = world.history.length;
      follower.roundBegins();
      await world.together([{ work: workOf(variant, { does: 'tick' }), mishaps: [] }], []);
      follower.follow(world.history);
      if (world.history.length === before) return;
    }
  };
  await settle();
  await checkEnd(world, follower);
  // The trail is complete with the next promotion that comes to its end.
  world.releases = RELEASES.length;
  await world.pass(HOUR_MS);
  await settle();
  await checkEnd(world, follower);
  const { memory } = await world.control();
  checkTrail(world, memory.steps);
  return world;
};

/** A Librarian with a safety taken out, and the laws that this breaks. */
export interface SagaControl {
  readonly name: string;
  /** Any of them may be found first. */
  readonly laws: readonly string[];
  readonly variant: SagaVariant;
}

/** Tells the nodes first, and pins what it has told. */
const signalsFirst = (ports: LibrarianPorts): LibrarianPorts => {
  const put = new Map<string, () => Promise<unknown>>();
  const told = new Map<string, ChefEnvironment>();
  const at = ({ stack, environment }: SignalKey): string => `${stack}/${environment}`;
  return {
    ...ports,
    chefServers: new Map(
      [...ports.chefServers].map(([stack, server]) => [
        stack,
        {
          ...server,
          pin: async (environment, manifest) => {
            const found = await server.environment(environment);
            if (found._tag !== 'Found') return { _tag: 'Unavailable', detail: 'no such environment' };
            put.set(at({ stack, environment }), () => server.pin(environment, manifest));
            told.set(at({ stack, environment }), pinTo(found.environment, manifest));
            return { _tag: 'Pinned' };
          },
          environment: async (environment) => {
            const pinned = told.get(at({ stack, environment }));
            return pinned === undefined ? server.environment(environment) : { _tag: 'Found', environment: pinned };
          },
        },
      ]),
    ),
    bus: {
      ...ports.bus,
      write: async (key, body, expected) => {
        const written = await ports.bus.write(key, body, expected);
        await put.get(at(key))?.();
        told.delete(at(key));
        return written;
      },
    },
  };
};

/** Finishes what was left behind on the plan's first stack only. */
const onFirstStack = ({ promotions, ...decision }: TickDecision): TickDecision => ({
  ...decision,
  promotions: promotions.map((promotion) =>
    promotion.reason === 'Resumed'
      ? { ...promotion, stacks: promotion.stacks.filter((stack) => stack === PLAN.stacks[0]) }
      : promotion,
  ),
});

const withState = (ports: LibrarianPorts, state: Partial<LibrarianPorts['state']>): LibrarianPorts => ({
  ...ports,
  state: { ...ports.state, ...state },
});

/** Writes down what it is about to do once it has done it. */
const recordsAfterwards = (ports: LibrarianPorts): LibrarianPorts => {
  const late: (() => Promise<unknown>)[] = [];
  return withState(ports, {
    write: async (key, body, expected) => {
      if (!key.startsWith('audit/')) return ports.state.write(key, body, expected);
      if (body.includes('"promotion"')) {
        late.push(() => ports.state.write(key, body, expected));
        return { _tag: 'Landed', revision: 'late' };
      }
      for (const write of late.splice(0)) await write();
      return ports.state.write(key, body, expected);
    },
  });
};

/** Rolls back, and does not keep in mind that the version was rejected. */
const forgetsRejections = (ports: LibrarianPorts): LibrarianPorts =>
  withState(ports, {
    write: (key, body, expected) => {
      const control = key.startsWith('librarian/') ? decodeControlState(body) : undefined;
      const kept =
        control === undefined || E.isLeft(control)
          ? body
          : encodeControlState({ ...control.right, rejections: new Map() });
      return ports.state.write(key, kept, expected);
    },
  });

/** Takes whatever step is open for the one that it carries out. */
const asksNobody = (ports: LibrarianPorts): LibrarianPorts => {
  const known = new Map<string, Awaited<ReturnType<LibrarianPorts['state']['read']>>>();
  return withState(ports, {
    read: async (key) => {
      const kept = known.get(key);
      if (kept !== undefined) return kept;
      const reading = await ports.state.read(key);
      if (key.startsWith('librarian/')) known.set(key, reading);
      return reading;
    },
    write: async (key, body, expected) => {
      const written = await ports.state.write(key, body, expected);
      if (!key.startsWith('librarian/')) return written;
      if (written._tag === 'Landed') known.set(key, { _tag: 'Found', body, revision: written.revision });
      else known.delete(key);
      return written;
    },
  });
};

/** The Librarians that random runs must find out. */
export const SAGA_CONTROLS: readonly SagaControl[] = [
  { name: 'signals before it pins', laws: ['L1'], variant: { ports: signalsFirst } },
  {
    name: 'redoes a step on one stack only',
    laws: ['L3'],
    variant: {
      deciders: {
        decideStage: (view, stage) => onFirstStack(SHIPPED_DECIDERS.decideStage(view, stage)),
        resumeByHand: (view) => onFirstStack(SHIPPED_DECIDERS.resumeByHand(view)),
      },
    },
  },
  { name: 'writes the record after the effect', laws: ['L5'], variant: { ports: recordsAfterwards } },
  { name: 'lets the next departure undo a rollback', laws: ['T12'], variant: { ports: forgetsRejections } },
  {
    name: 'does not ask whether a promotion is still wanted',
    laws: ['L1', 'L8', 'T12'],
    variant: { ports: asksNobody },
  },
];
