/** Run requests: told with the signal of their environment, once, and carried over by promotions. */
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { formatFailure } from '../../../src/apps/failure.ts';
import { promote, rollback } from '../../../src/apps/librarian/intervene.ts';
import type { LibrarianPorts } from '../../../src/apps/librarian/librarian-ports.ts';
import { openRunRequests, requestRun, type RunOrder, withdrawRun } from '../../../src/apps/librarian/request-run.ts';
import { tick } from '../../../src/apps/librarian/tick.ts';
import { nameFromLiteral, Slug } from '../../../src/domain/names.ts';
import { encodeSignal, RUN_REQUESTS_MAX, SIGNAL_BYTES_MAX } from '../../../src/domain/signal.ts';
import { compareTimestamps, HOUR_MS, MINUTE_MS, plus } from '../../../src/domain/time.ts';
import {
  add,
  BASALT,
  DEV,
  IRONSTONE,
  Killed,
  must,
  NOON,
  promoteTo,
  TESTER,
  world,
  type World,
} from '../../support/librarian-world.ts';
import { environmentName, stackName, version } from '../../support/slack.ts';

const slug = nameFromLiteral(Slug);

const order = (more: Partial<RunOrder> = {}): RunOrder => ({
  id: O.some(slug('certificates')),
  environment: DEV,
  stack: O.none,
  nodes: O.none,
  splaySeconds: 300,
  opensForMs: 4 * HOUR_MS,
  ...more,
});

/** A world in which dev is on 1.0.1. */
const signalled = async (): Promise<World> => {
  const on = world(undefined, plus(NOON, -10 * MINUTE_MS));
  await add(on, '1.0.1');
  await promoteTo(on, '1.0.1', DEV);
  on.journal.length = 0;
  return on;
};

const idsOn = async (on: World, stack = BASALT): Promise<readonly string[]> =>
  ((await on.signal(stack, DEV))?.runRequests ?? []).map(({ id }) => id);

const refusal = async (ports: LibrarianPorts, one: RunOrder): Promise<string> => {
  const asked = await requestRun(ports)(TESTER, one)();
  return E.isLeft(asked) ? formatFailure(asked.left) : 'not refused';
};

describe('a run request', () => {
  it('N11: is told on every stack, with who asked, why and until when, and names no new version', async () => {
    const on = await signalled();
    const before = new Map([
      [BASALT, await on.signal(BASALT, DEV)],
      [IRONSTONE, await on.signal(IRONSTONE, DEV)],
    ]);
    const report = must(await requestRun(on.librarian())(TESTER, order({ nodes: O.some(['web-*']) }))());
    expect(report).toEqual({ id: 'certificates', stacks: [BASALT, IRONSTONE], troubles: [] });
    for (const stack of [BASALT, IRONSTONE]) {
      const told = await on.signal(stack, DEV);
      expect(told?.runRequests).toEqual([
        {
          id: 'certificates',
          requestedBy: TESTER.who,
          reason: TESTER.why,
          issuedEpochSeconds: on.clock.now() / 1_000,
          expiresEpochSeconds: (on.clock.now() + 4 * HOUR_MS) / 1_000,
          splaySeconds: 300,
          nodes: O.some(['web-*']),
        },
      ]);
      const was = before.get(stack);
      expect(told?.manifestRecord).toEqual(was?.manifestRecord);
      if (told === undefined || was === undefined) throw new TypeError('nothing is signalled');
      expect(compareTimestamps(told.timestamp, was.timestamp)).toBe(1);
    }
  });

  it('L5: is on record before it is told, and is not told where it cannot be', async () => {
    const on = await signalled();
    must(await requestRun(on.librarian())(TESTER, order())());
    expect(on.journal.map(({ what }) => what)).toEqual(['audit', 'signal', 'signal', 'audit']);
    on.unwritable.push(/^audit\//);
    on.journal.length = 0;
    const asked = await requestRun(on.librarian())(TESTER, order({ id: O.some(slug('another')) }))();
    expect(E.isLeft(asked) && asked.left._tag).toBe('Unavailable');
    expect(on.journal).toEqual([]);
  });

  it('L8: asked twice under one id is one request; without an id each asking is one', async () => {
    const on = await signalled();
    must(await requestRun(on.librarian())(TESTER, order())());
    expect(must(await requestRun(on.librarian())(TESTER, order())())).toEqual({
      id: 'certificates',
      stacks: [],
      troubles: [],
    });
    expect(await idsOn(on)).toEqual(['certificates']);
    must(await requestRun(on.librarian())(TESTER, order({ id: O.none }))());
    await on.clock.advanceTo(plus(on.clock.now(), 1));
    must(await requestRun(on.librarian())(TESTER, order({ id: O.none }))());
    expect(new Set(await idsOn(on)).size).toBe(3);
  });

  it('N11: a promotion carries it over while it is open, and drops it when it has expired', async () => {
    const on = await signalled();
    must(await requestRun(on.librarian())(TESTER, order())());
    await add(on, '1.0.2');
    await on.clock.advanceTo(NOON);
    must(await tick(on.librarian())());
    expect((await on.signal(BASALT, DEV))?.manifestRecord.version).toBe('1.0.2');
    expect(await idsOn(on)).toEqual(['certificates']);
    await add(on, '1.0.3');
    await on.clock.advanceTo(plus(NOON, 4 * HOUR_MS));
    must(await tick(on.librarian())());
    expect((await on.signal(BASALT, DEV))?.manifestRecord.version).toBe('1.0.3');
    expect(await idsOn(on)).toEqual([]);
  });

  it('N11: a rollback carries it over as well', async () => {
    const on = await signalled();
    await add(on, '1.0.2');
    await promoteTo(on, '1.0.2', DEV);
    must(await requestRun(on.librarian())(TESTER, order())());
    must(await rollback(on.librarian())(TESTER, { environments: [DEV], to: O.none })());
    expect((await on.signal(BASALT, DEV))?.manifestRecord.version).toBe('1.0.1');
    expect(await idsOn(on)).toEqual(['certificates']);
  });

  it('S5: it triggers as long as it is open, however old the signal is that it goes out with', async () => {
    const on = await signalled();
    await on.clock.advanceTo(plus(on.clock.now(), 30 * 24 * HOUR_MS));
    must(await requestRun(on.librarian())(TESTER, order())());
    const told = await on.signal(BASALT, DEV);
    expect(told?.manifestRecord.ttlEpochSeconds).toBe(told?.runRequests[0]?.expiresEpochSeconds);
  });

  it('is withdrawn, and only where it is open', async () => {
    const on = await signalled();
    must(await requestRun(on.librarian())(TESTER, order())());
    const withdrawal = { id: slug('certificates'), environment: DEV, stack: O.none };
    expect(must(await withdrawRun(on.librarian())(TESTER, withdrawal)()).stacks).toEqual([BASALT, IRONSTONE]);
    expect(await idsOn(on)).toEqual([]);
    const again = await withdrawRun(on.librarian())(TESTER, withdrawal)();
    expect(E.isLeft(again) && formatFailure(again.left)).toBe('run request certificates: none is open in dev');
  });

  it('is listed once for all the stacks that have it', async () => {
    const on = await signalled();
    must(await requestRun(on.librarian())(TESTER, order())());
    must(await requestRun(on.librarian())(TESTER, order({ id: O.some(slug('one')), stack: O.some(BASALT) }))());
    const open = must(await openRunRequests(on.librarian())());
    expect(open.map(({ environment, stacks, request }) => [environment, stacks, request.id])).toEqual([
      [DEV, [BASALT, IRONSTONE], 'certificates'],
      [DEV, [BASALT], 'one'],
    ]);
    await on.clock.advanceTo(plus(on.clock.now(), 4 * HOUR_MS));
    expect(must(await openRunRequests(on.librarian())())).toEqual([]);
  });

  it('says what is wrong with it, and the way out', async () => {
    const on = await signalled();
    const ask = (more: Partial<RunOrder>) => refusal(on.librarian(), order(more));
    expect(await ask({ environment: environmentName('prd') })).toBe(
      'environment: expected one of dev, prod-1, prod-2, image, got prd',
    );
    expect(await ask({ stack: O.some(stackName('slate')) })).toBe(
      'stack: expected one of basalt, ironstone, got slate',
    );
    expect(await ask({ environment: environmentName('image') })).toBe(
      'nothing was ever signalled there, so its nodes run at first sight; promote a version first',
    );
    expect(await ask({ opensForMs: 1 })).toBe('expires: expected a duration from 1m to 28d');
    expect(await ask({ splaySeconds: 3_600, opensForMs: HOUR_MS })).toBe(
      'expires: expected later than the end of the splay (3600 s), or the last nodes never run',
    );
  });

  it(`no more than ${RUN_REQUESTS_MAX} are open at once, and none that no node would read`, async () => {
    const on = await signalled();
    const ports = on.librarian();
    for (let n = 0; n < RUN_REQUESTS_MAX; n++) {
      must(await requestRun(ports)(TESTER, order({ id: O.some(slug(`r-${n}`)) }))());
    }
    expect(await refusal(ports, order({ id: O.some(slug('one-more')) }))).toBe(
      `${RUN_REQUESTS_MAX} run requests are open there; withdraw one, or wait until one expires`,
    );
  });

  it('S2: one that would make the signal larger than nodes read is not told', async () => {
    const on = await signalled();
    const nodes = Array.from({ length: 1_000 }, (_, n) => `${'x'.repeat(248)}${n}`);
    const told: string[] = [];
    for (let n = 0; n < 6; n++) {
      const asked = must(
        await requestRun(on.librarian())(TESTER, order({ id: O.some(slug(`r-${n}`)), nodes: O.some(nodes) }))(),
      );
      told.push(...asked.troubles.map(({ detail }) => detail));
    }
    expect(told.at(-1)).toMatch(
      /^stack ironstone: signal chef-run-triggers\/ironstone\/dev: \d+ bytes, and nodes read at most 1048576/,
    );
    const signal = await on.signal(BASALT, DEV);
    expect(signal && Buffer.byteLength(encodeSignal(signal))).toBeLessThanOrEqual(SIGNAL_BYTES_MAX);
  });

  it('L1: waits where a promotion has moved the pin and not told of it yet, and holds up no other stack', async () => {
    const on = await signalled();
    await add(on, '1.0.2');
    const promotion = { version: version('1.0.2'), environment: DEV, stack: O.some(BASALT), splaySeconds: O.none };
    await on.clock.advanceTo(plus(on.clock.now(), MINUTE_MS));
    const dying = on.librarian({ at: 4, when: 'after' });
    await expect(promote(dying)(TESTER, promotion)()).rejects.toBeInstanceOf(Killed);
    expect([await on.pin(BASALT, DEV), await on.pin(IRONSTONE, DEV)]).toEqual(['1.0.2', '1.0.1']);
    const report = must(await requestRun(on.librarian())(TESTER, order())());
    expect(report.stacks).toEqual([IRONSTONE]);
    expect(report.troubles.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/: dev is pinned to 1\.0\.2 and signalled 1\.0\.1: a promotion is under way; ask again/),
    ]);
    must(await tick(on.librarian())());
    expect(must(await requestRun(on.librarian())(TESTER, order())()).troubles).toEqual([]);
    expect([await idsOn(on, BASALT), await idsOn(on, IRONSTONE)]).toEqual([['certificates'], ['certificates']]);
  });

  it('L3: killed between two stacks, the same request again tells the other', async () => {
    for (let at = 0; at < 4; at++) {
      for (const when of ['before', 'after'] as const) {
        const on = await signalled();
        await expect(requestRun(on.librarian({ at, when }))(TESTER, order())()).rejects.toBeInstanceOf(Killed);
        must(await requestRun(on.librarian())(TESTER, order())());
        expect(await idsOn(on, BASALT)).toEqual(['certificates']);
        expect(await idsOn(on, IRONSTONE)).toEqual(['certificates']);
        expect(on.journal.filter(({ what }) => what === 'signal')).toHaveLength(2);
      }
    }
  });

  it('L4: any number of people asking at once are all heard', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 6 }), async (people) => {
        const on = await signalled();
        const asked = await Promise.all(
          Array.from({ length: people }, (_, n) =>
            requestRun(on.librarian())(TESTER, order({ id: O.some(slug(`r-${n}`)) }))(),
          ),
        );
        expect(asked.map(must).flatMap(({ troubles }) => troubles)).toEqual([]);
        expect(await idsOn(on)).toHaveLength(people);
      }),
      { numRuns: 20 },
    );
  });
});
