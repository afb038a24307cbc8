/**
 * What a signal bus and a state store have in common, said once: a place that holds one body, and is written only by
 * naming the revision that is replaced.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Revision, WriteOutcome } from '../../ports/conditional-write.ts';
import type { Harness, Law } from './contract-case.ts';
import { assertTag } from './contract-case.ts';

/** A place as its reader sees it: the body that is there, or nothing. */
export interface Place {
  readonly read: () => Promise<{ readonly body: string; readonly revision: Revision } | undefined>;
  readonly write: (body: string, expected: Revision | undefined) => Promise<WriteOutcome>;
}

/** How places are found under a harness. `n` numbers the place; `writer` is another way to it where there is one. */
export type Places<H> = (harness: H, n: number, writer?: number) => Place;

const WRITERS = 20;
const ROUNDS = 100;
const INCREMENTS_EACH = 10;

/** Bodies that something on the way might change, cut, or take for something else. */
const BODIES: readonly string[] = [
  '',
  ' ',
  '\n',
  'line\r\nline\rline\u2028line\u2029',
  '\u0000',
  '\ufeff{"a": 1}',
  'e\u0301 is not \u00e9',
  '\u{1f680}\u{10ffff}\ufffe\uffff\ufffd',
  '\u202eright to left',
  '%2e%2e%2f ${HOME} `id` \\u0000 \u001b[31m',
  '{"__proto__": {"a": 1}}',
  '日本語 ελληνικά العربية 🇬🇧👩‍👩‍👧‍👦',
  [...Array(0x250).keys()].map((code) => String.fromCodePoint(code)).join(''),
];

/** Whether a write landed; one that cannot tell is read back, as every caller of a port has to. */
const landed = async (place: Place, body: string, expected: Revision | undefined): Promise<boolean> => {
  const outcome = await place.write(body, expected);
  return outcome._tag === 'Unknown' ? (await place.read())?.body === body : outcome._tag === 'Landed';
};

const write = async (place: Place, body: string, expected: Revision | undefined): Promise<Revision> =>
  assertTag(await place.write(body, expected), 'Landed').revision;

const assertHolds = async (place: Place, body: string): Promise<Revision> => {
  const found = await place.read();
  assert.equal(found?.body, body);
  return found.revision;
};

const assertOneWins = async <H>(
  harness: H,
  places: Places<H>,
  n: number,
  expected: Revision | undefined,
): Promise<void> => {
  const bodies = [...Array(WRITERS).keys()].map((writer) => `round ${n}, writer ${writer}`);
  const wins = await Promise.all(bodies.map((body, writer) => landed(places(harness, n, writer), body, expected)));
  const winners = bodies.filter((_, writer) => wins[writer]);
  assert.equal(
    winners.length,
    1,
    `expected one of ${WRITERS} writers to land, got ${winners.length}: ${winners.join('; ')}`,
  );
  await assertHolds(places(harness, n), winners[0] ?? '');
};

const increment = async (place: Place): Promise<void> => {
  for (let attempt = 0; attempt < 10_000; attempt++) {
    const found = await place.read();
    // The nonce makes every body its writer's own, so that an unknown outcome can be read back.
    const [count = '0'] = (found?.body ?? '0').split(' ');
    if (await landed(place, `${Number(count) + 1} ${Math.random()}`, found?.revision)) return;
  }
  throw new assert.AssertionError({ message: 'expected an increment to land in 10 000 attempts' });
};

/** The laws of conditional writing, for any harness in which `places` finds places. */
export const conditionalWriteLaws = <H extends Harness>(places: Places<H>): Readonly<Record<string, Law<H>>> => ({
  'a place that nobody wrote to is empty': async (harness) => {
    assert.equal(await places(harness, 0).read(), undefined);
    return undefined;
  },
  'what was written is read back, under the revision that the write answered': async (harness) => {
    const place = places(harness, 0);
    const first = await write(place, 'first', undefined);
    assert.equal(await assertHolds(place, 'first'), first);
    const second = await write(place, 'second', first);
    assert.equal(await assertHolds(place, 'second'), second);
    assert.notEqual(first, second);
    return undefined;
  },
  'creating what exists is a conflict, and changes nothing': async (harness) => {
    const place = places(harness, 0);
    const revision = await write(place, 'first', undefined);
    assertTag(await place.write('second', undefined), 'Conflict');
    assertTag(await place.write('first', undefined), 'Conflict');
    assert.equal(await assertHolds(place, 'first'), revision);
    return undefined;
  },
  'replacing what does not exist is a conflict, and creates nothing': async (harness) => {
    const revision = await write(places(harness, 0), 'first', undefined);
    assertTag(await places(harness, 1).write('second', revision), 'Conflict');
    assert.equal(await places(harness, 1).read(), undefined);
    return undefined;
  },
  'a stale revision is a conflict, and changes nothing': async (harness) => {
    const place = places(harness, 0);
    const first = await write(place, 'first', undefined);
    const second = await write(place, 'second', first);
    assertTag(await place.write('third', first), 'Conflict');
    assert.equal(await assertHolds(place, 'second'), second);
    return undefined;
  },
  'a revision that never was is a conflict': async (harness) => {
    const place = places(harness, 0);
    await write(place, 'first', undefined);
    assertTag(await place.write('second', 'no-such-revision'), 'Conflict');
    await assertHolds(place, 'first');
    return undefined;
  },
  [`L4: of ${WRITERS} writers that create one place exactly one lands, ${ROUNDS} times`]: async (harness) => {
    for (let n = 0; n < ROUNDS; n++) await assertOneWins(harness, places, n, undefined);
    return undefined;
  },
  [`L4: of ${WRITERS} writers that replace one revision exactly one lands, ${ROUNDS / 10} times`]: async (harness) => {
    for (let n = 0; n < ROUNDS / 10; n++) {
      await assertOneWins(harness, places, n, await write(places(harness, n), 'before', undefined));
    }
    return undefined;
  },
  'L4: of racing read-modify-writes none is lost': async (harness) => {
    const writers = [...Array(WRITERS / 2).keys()];
    await Promise.all(
      writers.map(async (writer) => {
        for (let i = 0; i < INCREMENTS_EACH; i++) await increment(places(harness, 0, writer));
      }),
    );
    const found = await places(harness, 0).read();
    assert.equal(found?.body.split(' ')[0], String(writers.length * INCREMENTS_EACH));
    return undefined;
  },
  'a reader sees one body or another, never a part of one': async (harness) => {
    const bodies = ['a', 'b'].map((letter) => letter.repeat(300_000));
    let revision = await write(places(harness, 0), bodies[0] ?? '', undefined);
    let writing = true;
    const reader = async (): Promise<void> => {
      while (writing) {
        const found = await places(harness, 0, 1).read();
        assert.ok(found !== undefined && bodies.includes(found.body), 'expected a whole body');
        // A store in memory would never let go of the event loop, and the writer never have its turn.
        await nextTurn();
      }
    };
    const reading = reader();
    try {
      for (let i = 1; i <= 20; i++) revision = await write(places(harness, 0), bodies[i % 2] ?? '', revision);
    } finally {
      writing = false;
      await reading;
    }
    return undefined;
  },
  'every Unicode text comes back as it was': async (harness) => {
    for (const [n, body] of BODIES.entries()) {
      const place = places(harness, n);
      const revision = await write(place, body, undefined);
      assert.equal(await assertHolds(place, body), revision);
    }
    return undefined;
  },
  'text that has no UTF-8 form is not written': async (harness) => {
    const place = places(harness, 0);
    const revision = await write(place, 'first', undefined);
    assertTag(await place.write('half a pair: \ud83d', revision), 'Unknown', 'Conflict');
    assert.equal(await assertHolds(place, 'first'), revision);
    return undefined;
  },
  'places do not share their content': async (harness) => {
    for (let n = 0; n < 8; n++) await write(places(harness, n), `place ${n}`, undefined);
    for (let n = 0; n < 8; n++) await assertHolds(places(harness, n), `place ${n}`);
    return undefined;
  },
});
