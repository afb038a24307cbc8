import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { streamed } from '../../../src/adapters/contracts/example-artifact.ts';
import { addArtifact } from '../../../src/apps/librarian/add-artifact.ts';
import { promote, reject, rollback } from '../../../src/apps/librarian/intervene.ts';
import { readControl } from '../../../src/apps/librarian/control-store.ts';
import type { LibrarianPorts } from '../../../src/apps/librarian/librarian-ports.ts';
import { promoteOnStack } from '../../../src/apps/librarian/promote-on-stack.ts';
import { tick } from '../../../src/apps/librarian/tick.ts';
import { encodeSignal, type SignalKey } from '../../../src/domain/signal.ts';
import { compareTimestamps, plus } from '../../../src/domain/time.ts';
import type { Step } from '../../../src/domain/train-memory.ts';
import {
  add,
  BASALT,
  DEV,
  type Effect,
  IRONSTONE,
  Killed,
  type Kill,
  must,
  NOON,
  promoteTo,
  tarballOf,
  TESTER,
  world,
  type World,
} from '../../support/librarian-world.ts';
import { environmentName, version } from '../../support/slack.ts';

const PROD_1 = environmentName('prod-1');
const STACKS = [BASALT, IRONSTONE] as const;

const effectsOn = (journal: readonly Effect[], what: Effect['what'], wanted: string): readonly Effect[] =>
  journal.filter((effect) => effect.what === what && effect.version === wanted);

/** The order of L1 on one stack: pinned before it is signalled, and each once. */
const assertOneInOrder = (on: World, wanted: string, environment: string): void => {
  for (const stack of STACKS) {
    const where = `${stack}/${environment}`;
    const told = on.journal.filter(
      (effect) => effect.what === 'signal' && effect.where === where && effect.version === wanted,
    );
    const pinned = on.journal.findIndex(
      (effect) => effect.what === 'pin' && effect.where === where && effect.version === wanted,
    );
    expect(told, `signals of ${wanted} on ${where}`).toHaveLength(1);
    expect(pinned, `pin of ${wanted} on ${where}`).toBeGreaterThanOrEqual(0);
    expect(pinned).toBeLessThan(on.journal.findIndex((effect) => told.includes(effect)));
  }
};

/** A world in which dev is on 1.0.1 and 1.0.2 waits for noon's departure. */
const readyForDeparture = async (): Promise<World> => {
  const on = world(undefined, plus(NOON, -60_000));
  await add(on, '1.0.1');
  await promoteTo(on, '1.0.1', DEV);
  await add(on, '1.0.2');
  await on.clock.advanceTo(NOON);
  on.journal.length = 0;
  return on;
};

const tickAsKilled = async (ports: LibrarianPorts): Promise<'finished' | 'killed'> => {
  try {
    must(await tick(ports)());
    return 'finished';
  } catch (error) {
    if (error instanceof Killed) return 'killed';
    throw error;
  }
};

describe('L1: complete, pin, read back, signal', () => {
  it('L1: a promotion pins and then signals, on every stack', async () => {
    const on = await readyForDeparture();
    must(await tick(on.librarian())());
    assertOneInOrder(on, '1.0.2', 'dev');
    for (const stack of STACKS) expect(await on.pin(stack, DEV)).toBe('1.0.2');
  });

  it('L1: an artifact that one stack lacks is promoted nowhere', async () => {
    const on = world();
    const ports = on.librarian();
    const halfUploaded: LibrarianPorts = {
      ...ports,
      chefServers: new Map(
        [...ports.chefServers].map(([stack, server]) => [
          stack,
          stack === IRONSTONE
            ? { ...server, upload: () => Promise.resolve({ _tag: 'Unavailable' as const, detail: 'down' }) }
            : server,
        ]),
      ),
    };
    const added = must(await addArtifact(halfUploaded)(streamed(tarballOf('1.0.1')), TESTER)());
    expect(added.troubles.map(({ stack }) => stack)).toEqual([IRONSTONE]);
    must(await tick(ports)());
    expect(await on.pin(BASALT, DEV)).toBeUndefined();
  });

  it('L1: a pin that does not read back is not signalled', async () => {
    const on = await readyForDeparture();
    const ports = on.librarian();
    const lying: LibrarianPorts = {
      ...ports,
      chefServers: new Map(
        [...ports.chefServers].map(([stack, server]) => [
          stack,
          { ...server, pin: () => Promise.resolve({ _tag: 'Pinned' as const }) },
        ]),
      ),
    };
    const report = must(await tick(lying)());
    expect(report.troubles.map(({ detail }) => detail)).toEqual([
      'stack basalt: the pin of dev does not read back as 1.0.2',
      'stack ironstone: the pin of dev does not read back as 1.0.2',
    ]);
    expect(effectsOn(on.journal, 'signal', '1.0.2')).toEqual([]);
  });

  it('L1: every signal under a key is later than the one before, also when the clock stands still', async () => {
    const on = world();
    for (const name of ['1.0.1', '1.0.2', '1.0.3']) await add(on, name);
    await promoteTo(on, '1.0.1', DEV);
    const first = await on.signal(BASALT, DEV);
    await promoteTo(on, '1.0.2', DEV);
    const second = await on.signal(BASALT, DEV);
    if (first === undefined || second === undefined) throw new Error('there is no signal');
    expect(compareTimestamps(second.timestamp, first.timestamp)).toBeGreaterThan(0);
  });
});

/** How many effects a tick has that nobody kills. */
const effectsOfTick = async (): Promise<number> => {
  const on = await readyForDeparture();
  must(await tick(on.librarian())());
  return on.journal.length;
};

describe('L3: a promotion survives its Librarian', () => {
  it('L3: killed before or after any effect, it is finished by the next tick, once and in order', async () => {
    const count = await effectsOfTick();
    expect(count).toBeGreaterThanOrEqual(6);
    const kills = Array.from({ length: count }, (_, at) => at).flatMap((at): Kill[] => [
      { at, when: 'before' },
      { at, when: 'after' },
    ]);
    for (const kill of kills) {
      const on = await readyForDeparture();
      expect(await tickAsKilled(on.librarian(kill)), JSON.stringify(kill)).toBe('killed');
      // The next instance looks a minute later, and once more.
      await on.clock.advanceTo(plus(NOON, 60_000));
      must(await tick(on.librarian())());
      must(await tick(on.librarian())());
      assertOneInOrder(on, '1.0.2', 'dev');
      for (const stack of STACKS) expect(await on.pin(stack, DEV)).toBe('1.0.2');
    }
  });

  it('L3, control: a Librarian that takes the pin for the whole promotion leaves nodes untold, and is caught', async () => {
    const count = await effectsOfTick();
    let untold = 0;
    for (let at = 0; at < count; at++) {
      const on = await readyForDeparture();
      await tickAsKilled(on.librarian({ at, when: 'after' }));
      const ports = on.librarian();
      // It believes of every key that its nodes have been told of what is pinned.
      const trusting: LibrarianPorts = {
        ...ports,
        bus: {
          ...ports.bus,
          read: async (key, known) => {
            const [reading, signal] = [await ports.bus.read(key, known), await on.signal(key.stack, key.environment)];
            const pinned = await on.pin(key.stack, key.environment);
            if (reading._tag !== 'Fresh' || signal === undefined || pinned === undefined) return reading;
            const told = { ...signal, manifestRecord: { ...signal.manifestRecord, version: pinned } };
            return { ...reading, body: encodeSignal(told) };
          },
        },
      };
      must(await tick(trusting)());
      for (const stack of STACKS) {
        const [pin, signal] = [await on.pin(stack, DEV), await on.signal(stack, DEV)];
        if (pin === '1.0.2' && signal?.manifestRecord.version !== '1.0.2') untold++;
      }
    }
    expect(untold).toBeGreaterThan(0);
  });

  it('L3, fault 63: a stack that was down gets its pin and its signal when it is back, without a departure', async () => {
    const on = await readyForDeparture();
    for (const stop of [PROD_1, environmentName('prod-2')]) await promoteTo(on, '1.0.1', stop);
    must(await tick(on.librarian())());
    must(await tick(on.librarian())());
    const departure = plus(NOON, 30 * 60_000);
    await on.clock.advanceTo(departure);
    on.down.add(IRONSTONE);
    const report = must(await tick(on.librarian())());
    expect(report.outcomes.find(({ environment }) => environment === PROD_1)).toMatchObject({
      _tag: 'Waiting',
      reason: { _tag: 'StepIncomplete', stacks: [IRONSTONE] },
    });
    expect(await on.pin(BASALT, PROD_1)).toBe('1.0.2');
    on.down.clear();
    await on.clock.advanceTo(plus(departure, 60_000));
    must(await tick(on.librarian())());
    assertOneInOrder(on, '1.0.2', 'prod-1');
    expect(await on.pin(BASALT, environmentName('prod-2'))).toBe('1.0.1');
  });
});

/** A gate that one effect waits at until it is opened. */
const gate = () => {
  let open = (): void => undefined;
  const isOpen = new Promise<void>((resolve) => {
    open = resolve;
  });
  let arrive = (): void => undefined;
  const hasArrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  return { open: () => open(), arrive: () => arrive(), isOpen, hasArrived };
};

/** A Librarian whose look at what one stack holds, the last before a pin is decided upon, waits at `at`. */
const slowBeforePin = (ports: LibrarianPorts, at: ReturnType<typeof gate>): LibrarianPorts => {
  let looks = 0;
  return {
    ...ports,
    chefServers: new Map(
      [...ports.chefServers].map(([stack, server]) => [
        stack,
        {
          ...server,
          completeArtifacts: async () => {
            const listing = await server.completeArtifacts();
            // The first look of each stack is the board's; the second comes right before the pin.
            if (++looks > STACKS.length && stack === IRONSTONE) {
              at.arrive();
              await at.isOpen;
            }
            return listing;
          },
        },
      ]),
    ),
  };
};

/** A Librarian that waits at `at` once it has pinned dev to 1.0.2 on one stack: before it first reads or writes the signal. */
const slowAtSignal = (on: World, call: 'read' | 'write', at: ReturnType<typeof gate>): LibrarianPorts => {
  const ports = on.librarian();
  let calls = 0;
  const pause = async (called: 'read' | 'write', { stack, environment }: SignalKey): Promise<void> => {
    if (called !== call || stack !== IRONSTONE || environment !== DEV) return;
    const isPinned = effectsOn(on.journal, 'pin', '1.0.2').some(({ where }) => where === 'ironstone/dev');
    if (!isPinned || ++calls > 1) return;
    at.arrive();
    await at.isOpen;
  };
  return {
    ...ports,
    bus: {
      ...ports.bus,
      read: async (key, known) => {
        await pause('read', key);
        return ports.bus.read(key, known);
      },
      write: async (key, body, expected) => {
        await pause('write', key);
        return ports.bus.write(key, body, expected);
      },
    },
  };
};

const BURNS = { who: 'tester', why: 'it burns' };

const rollBackDev = async (ports: LibrarianPorts) =>
  must(await rollback(ports)(BURNS, { environments: [DEV], to: O.some(version('1.0.1')) })());

describe('T12: what was rolled back stays so', () => {
  it('T12: a tick that was under way when somebody rolled back does not bring the bad version back', async () => {
    const on = await readyForDeparture();
    const at = gate();
    const ticking = tick(slowBeforePin(on.librarian(), at))();
    await at.hasArrived;
    const asker = { who: 'tester', why: 'it burns' };
    const back = must(await rollback(on.librarian())(asker, { environments: [DEV], to: O.some(version('1.0.1')) })());
    expect(back.rejected).toEqual(['1.0.2']);
    at.open();
    const report = must(await ticking);
    expect(report.troubles.map(({ detail }) => detail)).toEqual([
      'stack ironstone: the promotion of dev to 1.0.2 was overtaken',
    ]);
    await on.clock.advanceTo(plus(NOON, 60_000));
    must(await tick(on.librarian())());
    for (const stack of STACKS) {
      expect(await on.pin(stack, DEV)).toBe('1.0.1');
      expect((await on.signal(stack, DEV))?.manifestRecord.version).toBe('1.0.1');
    }
  });

  it('T12: nor does one that had only begun, so that every stack still was on the earlier version', async () => {
    const on = await readyForDeparture();
    on.down.add(BASALT).add(IRONSTONE);
    must(await tick(on.librarian())());
    on.down.clear();
    const at = gate();
    const resuming = tick(slowBeforePin(on.librarian(), at))();
    await at.hasArrived;
    const asker = { who: 'tester', why: 'it burns' };
    must(await rollback(on.librarian())(asker, { environments: [DEV], to: O.some(version('1.0.1')) })());
    at.open();
    must(await resuming);
    await on.clock.advanceTo(plus(NOON, 60_000));
    must(await tick(on.librarian())());
    for (const stack of STACKS) expect(await on.pin(stack, DEV)).toBe('1.0.1');
  });

  it.each([
    ['looks at its signal', 'read'],
    ['writes its signal', 'write'],
  ] as const)(
    'T12, L1: nor does one that stalls after its pin, before it %s: nobody is told of it',
    async (_, call) => {
      const on = await readyForDeparture();
      const at = gate();
      const ticking = tick(slowAtSignal(on, call, at))();
      await at.hasArrived;
      const before = await on.signal(IRONSTONE, DEV);
      expect([await on.pin(IRONSTONE, DEV), before?.manifestRecord.version]).toEqual(['1.0.2', '1.0.1']);
      expect((await rollBackDev(on.librarian())).troubles).toEqual([]);
      const after = await on.signal(IRONSTONE, DEV);
      at.open();
      expect(must(await ticking).troubles.map(({ detail }) => detail)).toEqual([
        'stack ironstone: the promotion of dev to 1.0.2 was overtaken',
      ]);
      for (const stack of STACKS) {
        expect(await on.pin(stack, DEV)).toBe('1.0.1');
        expect((await on.signal(stack, DEV))?.manifestRecord.version).toBe('1.0.1');
      }
      expect(await on.signal(IRONSTONE, DEV)).toEqual(after);
      expect(effectsOn(on.journal, 'signal', '1.0.2').map(({ where }) => where)).toEqual(['basalt/dev']);
    },
  );

  it('T12, fault 29: the fresh signal of a step that overtook another is written once, also if its answer is lost', async () => {
    const on = await readyForDeparture();
    const at = gate();
    const ticking = tick(slowAtSignal(on, 'write', at))();
    await at.hasArrived;
    const ports = on.librarian();
    const write: LibrarianPorts['bus']['write'] = async (key, body, expected) => {
      await ports.bus.write(key, body, expected);
      return { _tag: 'Unknown', detail: 'timed out' };
    };
    await rollBackDev({ ...ports, bus: { ...ports.bus, write } });
    at.open();
    must(await ticking);
    const told = effectsOn(on.journal, 'signal', '1.0.1').map(({ where }) => where);
    expect([...told].sort()).toEqual(['basalt/dev', 'ironstone/dev']);
  });

  /** A rollback that dies at its n-th effect while an overtaken tick is about to signal; then another takes over. */
  const rollBackDying = async (n: number, change: (ports: LibrarianPorts) => LibrarianPorts): Promise<World> => {
    const on = await readyForDeparture();
    const at = gate();
    const ticking = tick(slowAtSignal(on, 'write', at))();
    await at.hasArrived;
    const kill: Kill = { at: n, when: 'after' };
    await rollback(change(on.librarian(kill)))(BURNS, { environments: [DEV], to: O.some(version('1.0.1')) })().catch(
      (error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      },
    );
    for (let nth = 0; nth < 2; nth++) must(await tick(change(on.librarian()))());
    at.open();
    await ticking;
    must(await tick(change(on.librarian()))());
    return on;
  };

  const toldOf = async (on: World): Promise<readonly (string | undefined)[]> =>
    Promise.all(STACKS.map(async (stack) => (await on.signal(stack, DEV))?.manifestRecord.version));

  const DYING_AT = Array.from({ length: 10 }, (_, n) => n);

  it('T12, L3: nor does one that stalls before its signal, wherever the rollback dies and whoever finishes it', async () => {
    for (const n of DYING_AT) {
      const on = await rollBackDying(n, (ports) => ports);
      const { rejections } = must(await readControl(on.librarian())()).control;
      const expected = rejections.has(version('1.0.2')) ? '1.0.1' : '1.0.2';
      expect(await toldOf(on), `died at ${n}`).toEqual([expected, expected]);
      for (const stack of STACKS) expect(await on.pin(stack, DEV), `died at ${n}`).toBe(expected);
    }
  });

  it('T12, control: who takes any signal of the version for that of the step is caught with a stale one', async () => {
    const forgetsWhen = (ports: LibrarianPorts): LibrarianPorts => ({
      ...ports,
      state: {
        ...ports.state,
        read: async (key) => {
          const reading = await ports.state.read(key);
          if (reading._tag !== 'Found' || !key.startsWith('librarian/')) return reading;
          return { ...reading, body: reading.body.replaceAll(/"openedAt": "[^"]*"/g, '"openedAt": null') };
        },
      },
    });
    const told = await Promise.all(DYING_AT.map(async (n) => toldOf(await rollBackDying(n, forgetsWhen))));
    expect(told).toContainEqual(['1.0.1', '1.0.2']);
  });

  it('T12, fault 63: a rollback goes on while one stack is down, and reaches that stack when it is back', async () => {
    const on = await readyForDeparture();
    must(await tick(on.librarian())());
    on.down.add(IRONSTONE);
    const asker = { who: 'tester', why: 'it burns' };
    const back = must(await rollback(on.librarian())(asker, { environments: [DEV], to: O.none })());
    expect(back.promotions.map(({ version: to }) => to)).toEqual(['1.0.1']);
    expect(await on.pin(BASALT, DEV)).toBe('1.0.1');
    on.down.clear();
    await on.clock.advanceTo(plus(NOON, 60_000));
    must(await tick(on.librarian())());
    expect(await on.pin(IRONSTONE, DEV)).toBe('1.0.1');
  });
});

describe('promotions by hand', () => {
  it('L3: one to one stack does not let a slow Librarian begin on another what nobody would finish there', async () => {
    const on = await readyForDeparture();
    const at = gate();
    const ticking = tick(slowBeforePin(on.librarian(), at))();
    await at.hasArrived;
    await promoteTo(on, '1.0.1', DEV);
    const request = { version: version('1.0.2'), environment: DEV, stack: O.some(BASALT), splaySeconds: O.none };
    must(await promote(on.librarian())(TESTER, request)());
    at.open();
    expect(must(await ticking).troubles.map(({ detail }) => detail)).toEqual([
      'stack ironstone: the promotion of dev to 1.0.2 was overtaken',
    ]);
    expect([await on.pin(BASALT, DEV), await on.pin(IRONSTONE, DEV)]).toEqual(['1.0.2', '1.0.1']);
  });

  const IMAGE = environmentName('image');

  it('L3: a promotion to one stack whose signal did not land is finished by the next tick', async () => {
    const on = world();
    for (const name of ['1.0.1', '1.0.2']) await add(on, name);
    await promoteTo(on, '1.0.1', IMAGE);
    const ports = on.librarian();
    const failing: LibrarianPorts = {
      ...ports,
      bus: { ...ports.bus, write: () => Promise.resolve({ _tag: 'Unknown', detail: 'the bus is full' }) },
    };
    const request = { version: version('1.0.2'), environment: IMAGE, stack: O.some(BASALT), splaySeconds: O.none };
    const half = must(await promote(failing)({ who: 'tester', why: 'test' }, request)());
    expect(half.troubles.map(({ detail }) => detail)).toEqual([
      'stack basalt: signal bus: chef-run-triggers/basalt/image could not be written in 10 attempts: the bus is full',
    ]);
    const report = must(await tick(ports)());
    expect(report.outcomes.find(({ environment }) => environment === IMAGE)).toMatchObject({ reason: 'Resumed' });
    expect((await on.signal(BASALT, IMAGE))?.manifestRecord.version).toBe('1.0.2');
    expect(await on.pin(IRONSTONE, IMAGE)).toBe('1.0.1');
    const after = must(await tick(ports)());
    expect(after.outcomes.find(({ environment }) => environment === IMAGE)).toMatchObject({
      reason: { _tag: 'ByHand' },
    });
  });

  it('T13: one that a stack did not take is finished there by the next tick, once', async () => {
    const on = world();
    await add(on, '1.0.1');
    on.down.add(IRONSTONE);
    await promoteTo(on, '1.0.1', IMAGE);
    on.down.clear();
    must(await tick(on.librarian())());
    must(await tick(on.librarian())());
    assertOneInOrder(on, '1.0.1', 'image');
  });
});

describe('T8: slow effects', () => {
  it('T8: a stage that comes up when its grace is over does not act, however long the earlier ones took', async () => {
    const on = await readyForDeparture();
    const half = plus(NOON, 30 * 60_000);
    must(await tick(on.librarian())());
    await add(on, '1.0.3');
    await promoteTo(on, '1.0.3', DEV);
    await promoteTo(on, '1.0.1', environmentName('prod-1'));
    await promoteTo(on, '1.0.1', environmentName('prod-2'));
    await on.clock.advanceTo(half);
    const ports = on.librarian();
    // The latest stage takes half an hour before the train of 12:30 is looked at.
    const slow: LibrarianPorts = {
      ...ports,
      state: {
        ...ports.state,
        read: async (key) => {
          const reading = await ports.state.read(key);
          await on.clock.stepTo(plus(on.clock.now(), 11 * 60_000));
          return reading;
        },
      },
    };
    const report = must(await tick(slow)());
    expect(report.outcomes.find(({ environment }) => environment === 'prod-1')).toMatchObject({
      _tag: 'Waiting',
      reason: { _tag: 'DepartureMissed' },
    });
  });
});

describe('fault 72 and what would cause it', () => {
  it('a state that could not be read again is never written', async () => {
    const on = world();
    await add(on, '1.0.1');
    const asker = { who: 'tester', why: 'two\nlines' };
    const refused = await reject(on.librarian())(asker, version('1.0.1'))();
    expect(refused).toMatchObject({ _tag: 'Left', left: { _tag: 'BadData' } });
    expect(await tick(on.librarian())()).toMatchObject({ _tag: 'Right' });
  });
});

describe('L4: no leader', () => {
  it('L4: five Librarians that tick at once make one promotion', async () => {
    const on = await readyForDeparture();
    const reports = await Promise.all(Array.from({ length: 5 }, () => tick(on.librarian())()));
    expect(reports.filter(E.isRight)).toHaveLength(5);
    assertOneInOrder(on, '1.0.2', 'dev');
    const steps = on.journal.filter(({ what }) => what === 'control');
    expect(steps.length).toBeGreaterThanOrEqual(1);
  });

  it('L4: a write whose answer was lost is read back, and counts once', async () => {
    const on = await readyForDeparture();
    const ports = on.librarian();
    const forgetful: LibrarianPorts = {
      ...ports,
      state: {
        ...ports.state,
        write: async (key, body, expected) => {
          await ports.state.write(key, body, expected);
          return { _tag: 'Unknown', detail: 'timed out' };
        },
      },
      bus: {
        ...ports.bus,
        write: async (key, body, expected) => {
          await ports.bus.write(key, body, expected);
          return { _tag: 'Unknown', detail: 'timed out' };
        },
      },
    };
    must(await tick(forgetful)());
    assertOneInOrder(on, '1.0.2', 'dev');
  });
});

describe('L5: audit first', () => {
  it('L5: the record of a promotion is written before its pin', async () => {
    const on = await readyForDeparture();
    must(await tick(on.librarian())());
    const audit = on.journal.findIndex(({ what }) => what === 'audit');
    const pin = on.journal.findIndex(({ what }) => what === 'pin');
    expect(audit).toBeGreaterThanOrEqual(0);
    expect(audit).toBeLessThan(pin);
  });

  it('L5, fault 69: where the audit cannot be written, nothing is done', async () => {
    const on = world();
    await add(on, '1.0.1');
    on.unwritable.push(/^audit\//);
    on.journal.length = 0;
    const request = { version: version('1.0.1'), environment: DEV, stack: O.none, splaySeconds: O.none };
    const refused = await promote(on.librarian())({ who: 'tester', why: 'test' }, request)();
    expect(refused).toEqual(E.left({ _tag: 'Unavailable', detail: 'audit trail: no space left; nothing was done' }));
    expect(on.journal).toEqual([]);
    expect(await on.pin(BASALT, DEV)).toBeUndefined();
  });
});

describe('L7: artifacts are immutable', () => {
  it('L7, fault 71: the same version with other bytes is refused, and the first stays', async () => {
    const on = world();
    const first = must(await addArtifact(on.librarian())(streamed(tarballOf('1.0.1')), TESTER)());
    const again = await addArtifact(on.librarian())(streamed(tarballOf('1.0.1', 'log "other"')), TESTER)();
    expect(E.isLeft(again) && again.left).toMatchObject({ _tag: 'Refused', reason: 'DifferentBytes' });
    const same = must(await addArtifact(on.librarian())(streamed(tarballOf('1.0.1')), TESTER)());
    expect(same).toMatchObject({ isNew: false, record: { sha256: first.record.sha256 } });
  });

  it('L7: a stack that holds other bytes under the version does not count as complete', async () => {
    const on = world();
    await add(on, '1.0.1');
    const ports = on.librarian();
    const differing: LibrarianPorts = {
      ...ports,
      chefServers: new Map(
        [...ports.chefServers].map(([stack, server]) => [
          stack,
          {
            ...server,
            completeArtifacts: () =>
              Promise.resolve({
                _tag: 'Listed' as const,
                sha256ByVersion: new Map([[version('1.0.1'), '0'.repeat(64)]]),
              }),
          },
        ]),
      ),
    };
    const report = must(await tick(differing)());
    expect(report.outcomes[0]).toMatchObject({ _tag: 'Waiting', reason: { _tag: 'NoArtifact' } });
  });
});

describe('L8: once', () => {
  it('L8: the same promotion asked twice is one', async () => {
    const on = world();
    await add(on, '1.0.1');
    await promoteTo(on, '1.0.1', PROD_1);
    const before = on.journal.filter(({ what }) => what !== 'audit').length;
    await promoteTo(on, '1.0.1', PROD_1);
    expect(on.journal.filter(({ what }) => what !== 'audit')).toHaveLength(before);
    assertOneInOrder(on, '1.0.1', 'prod-1');
  });

  it('L8: two that promote the same at the same time write one signal', async () => {
    const on = world();
    await add(on, '1.0.1');
    await Promise.all([promoteTo(on, '1.0.1', PROD_1), promoteTo(on, '1.0.1', PROD_1)]);
    assertOneInOrder(on, '1.0.1', 'prod-1');
  });

  it('a key that holds garbage is written over, and poisons nobody for ever', async () => {
    const on = world();
    await add(on, '1.0.1');
    on.plantSignal(BASALT, PROD_1, Uint8Array.from([0xff, 0xfe]));
    await promoteTo(on, '1.0.1', PROD_1);
    assertOneInOrder(on, '1.0.1', 'prod-1');
  });

  it('L8, fault 29: a signal that is there already is not written again where the step overtook none', async () => {
    const on = world();
    await add(on, '1.0.1');
    await promoteTo(on, '1.0.1', PROD_1);
    const ports = on.librarian();
    const listed = await ports.artifacts.list();
    const record = listed._tag === 'Listed' ? listed.artifacts[0] : undefined;
    if (record === undefined) throw new Error('the artifact is gone');
    const promotion = {
      environment: PROD_1,
      version: record.version,
      stacks: STACKS,
      splaySeconds: 0,
      reason: 'ByHand',
    };
    const step: Step = {
      version: record.version,
      from: new Map(),
      stacks: STACKS,
      overtaken: [],
      splaySeconds: 0,
      openedAt: NOON,
      requests: [],
    };
    await promoteOnStack(ports)(promotion, record, BASALT, () => Promise.resolve(E.right(step)));
    assertOneInOrder(on, '1.0.1', 'prod-1');
  });
});
