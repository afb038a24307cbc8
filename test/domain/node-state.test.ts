import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { formatFieldErrors } from '../../src/domain/decoding.ts';
import { parseLastRun } from '../../src/domain/last-run.ts';
import { isSameAssignment } from '../../src/domain/assignment.ts';
import {
  decodeNodeState,
  EMPTY_NODE_STATE,
  encodeNodeState,
  NODE_STATE_SCHEMA,
  type FoundNodeState,
  type StoredNodeState,
  wholeSecond,
} from '../../src/domain/node-state.ts';
import { epochMs, formatInstant, SECOND_MS } from '../../src/domain/time.ts';
import * as arb from '../support/arbitraries.ts';
import { identityOf, OTHER_ENVIRONMENT, OTHER_STACK, START, versionOf } from '../support/node-signals.ts';
import { identity, storedNodeState } from '../support/node-states.ts';
import { property } from '../support/property.ts';

const decoded = (text: string): FoundNodeState => {
  const stored = decodeNodeState(text);
  if (E.isLeft(stored)) throw new Error(formatFieldErrors(stored.left));
  return stored.right;
};

const errorsOf = (text: string): string => {
  const stored = decodeNodeState(text);
  return E.isLeft(stored) ? formatFieldErrors(stored.left) : 'no error';
};

const healthy: StoredNodeState = {
  identity: identityOf('web-17'),
  state: { ...EMPTY_NODE_STATE, applied: O.some(versionOf('1.2.3')), lastSuccess: O.some(START) },
  unknownFields: {},
};

/** The file of `healthy` as JSON, for tests that spoil a field of it. */
const spoiled = (change: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ ...(JSON.parse(encodeNodeState(healthy)) as Record<string, unknown>), ...change });

describe('the state file', () => {
  property('N8: what is written is read back, whatever the state', [storedNodeState], (stored) => {
    expect(decoded(encodeNodeState(stored))).toEqual({ ...stored, unreadable: [] });
    expect(encodeNodeState(decoded(encodeNodeState(stored)))).toBe(encodeNodeState(stored));
  });

  property(
    'the state file: the three fields that old images read come first, one to a line, and say the same instant',
    [storedNodeState],
    (stored) => {
      const lines = encodeNodeState(stored).split('\n');
      const { lastSuccess, applied } = stored.state;
      expect(lines[0]).toBe('{');
      expect(lines[1]).toBe(
        ` "last_run_time": ${O.isSome(lastSuccess) ? `"${formatInstant(lastSuccess.value)}"` : 'null'},`,
      );
      expect(lines[2]).toBe(` "last_run_epoch": ${O.isSome(lastSuccess) ? lastSuccess.value / SECOND_MS : 'null'},`);
      expect(lines[3]).toBe(` "artifact_version": ${O.isSome(applied) ? `"${applied.value}"` : 'null'},`);
      expect(lines.slice(-2)).toEqual(['}', '']);
      const fields = Object.keys(JSON.parse(lines.join('\n')) as object);
      expect(lines).toHaveLength(fields.length + 3);
    },
  );

  property('F3: the fallback reads the last success out of whatever was written', [storedNodeState], (stored) => {
    const { lastSuccess } = stored.state;
    const seconds = O.isSome(lastSuccess) ? lastSuccess.value / SECOND_MS : undefined;
    const read = parseLastRun(encodeNodeState(stored));
    // Midnight of 1970 is no time that a shell's check accepts, and none at which any node ran.
    if (seconds !== 0)
      expect(read).toEqual(seconds === undefined ? { _tag: 'Never' } : { _tag: 'Succeeded', epochSeconds: seconds });
  });

  property(
    'the state file: a success is written in whole seconds, so that both of its forms are one instant',
    [arb.instant],
    (at) => {
      const text = encodeNodeState({ ...healthy, state: { ...healthy.state, lastSuccess: O.some(at) } });
      const file = JSON.parse(text) as { last_run_time: string; last_run_epoch: number };
      expect(file.last_run_time).toBe(formatInstant(wholeSecond(at)));
      expect(file.last_run_epoch * SECOND_MS).toBe(wholeSecond(at));
    },
  );

  it('the state file: looks as it is documented', () => {
    expect(encodeNodeState(healthy)).toBe(`{
 "last_run_time": "2025-07-28T12:00:00Z",
 "last_run_epoch": 1753704000,
 "artifact_version": "1.2.3",
 "schema": 1,
 "stack": "basalt",
 "environment": "prod-1",
 "node": "web-17",
 "fallback_heard": null,
 "last_attempt_time": null,
 "tried_version": null,
 "accepted_timestamp": null,
 "pending": null,
 "requests": [],
 "handled": [],
 "floor": null,
 "run_now": false,
 "upgraded": false,
 "running": null,
 "disabled": null,
 "disabled_since": null,
 "reboot_pending": false,
 "failures": 0,
 "interruptions": 0
}
`);
  });

  it('the state file: only the identity and the schema have to be there', () => {
    const text = '{"schema": 1, "stack": "basalt", "environment": "prod-1", "node": "web-17"}';
    expect(decoded(text)).toMatchObject({ identity: identityOf('web-17'), state: EMPTY_NODE_STATE, unknownFields: {} });
  });
});

describe('fault 38: a file that is no state', () => {
  it('fault 38: cut off after any byte is an error, never a throw and never half a state', () => {
    const whole = encodeNodeState({ ...healthy, unknownFields: { note: 'ü', list: [1, { a: null }] } }).trimEnd();
    for (let length = 0; length < whole.length; length++) {
      expect(E.isLeft(decodeNodeState(whole.slice(0, length)))).toBe(true);
    }
    expect(E.isRight(decodeNodeState(whole))).toBe(true);
  });

  property(
    'fault 38: with any part of it overwritten is an error or a state that can be written back, never a throw',
    [
      storedNodeState,
      fc.nat(),
      fc.nat(40),
      fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('\0\0\0\0', ...arb.hostileTokens)),
    ],
    (stored, at, length, garbage) => {
      const text = encodeNodeState(stored);
      const from = at % text.length;
      const read = decodeNodeState(text.slice(0, from) + garbage + text.slice(from + length));
      if (E.isRight(read))
        expect(encodeNodeState(decoded(encodeNodeState(read.right)))).toBe(encodeNodeState(read.right));
      else expect(read.left.length).toBeGreaterThan(0);
    },
    { numRuns: 500 },
  );

  property(
    'fault 38: any text at all is an error or a state, never a throw',
    [
      fc.oneof(
        fc.string(),
        fc.json(),
        arb.jsonValue.map((json) => JSON.stringify(json)),
      ),
    ],
    (text) => {
      expect(E.isLeft(decodeNodeState(text))).toBe(true);
    },
  );

  it.each([
    ['nothing', '', 'document: expected JSON, got nothing'],
    ['blanks', ' \n', 'document: expected JSON'],
    ['NULs, as a power cut leaves them', '\0'.repeat(512), 'document: expected JSON'],
    ['a byte order mark', `\ufeff${encodeNodeState(healthy)}`, 'byte order mark'],
    ['a list', '[]', 'document: expected'],
    ['HTML', '<html></html>', 'document: expected JSON, got "<html></html>"'],
    ['another document', '{"kind": "Pod"}', 'schema: expected'],
  ])('fault 38: %s is an error that says what came', (_what, text, words) => {
    expect(errorsOf(text)).toContain(words);
  });

  it.each([
    ['last_run_time', 'yesterday', 'last_run_time: expected an RFC 3339'],
    ['last_run_time', 1_753_704_000, 'last_run_time: expected instant as text, got 1753704000'],
    ['artifact_version', '../../etc/passwd', 'artifact_version: expected a version name'],
    ['failures', -1, 'failures: expected'],
    ['failures', 0.5, 'failures: expected'],
    ['run_now', 'yes', 'run_now: expected boolean, got "yes"'],
    ['pending', { version: '1.0.0' }, 'pending.seenAt: expected instant as text, got nothing'],
    ['requests', {}, 'requests: expected'],
    [
      'requests',
      [{ id: '', startAt: '2025-07-28T12:00:00Z', expiresEpochSeconds: 1, attempts: 0 }],
      'requests.0.id: expected a slug name',
    ],
    ['running', { cause: { _tag: 'Whim' } }, 'running.cause'],
    [
      'disabled',
      { reason: 'a\nb', owner: 'o', until: '2025-07-28T12:00:00Z', floorToo: false },
      'disabled.reason: expected',
    ],
    ['accepted_timestamp', '2025-07-28T12:00:00.0000000001Z', 'accepted_timestamp: expected an RFC 3339'],
    ['schema', 0, 'schema: expected'],
    ['node', null, 'node: expected a node name'],
  ])('faults 12 and 38: %s: %j is an error that names the field', (field, value, words) => {
    expect(errorsOf(spoiled({ [field]: value }))).toContain(words);
  });

  it('fault 13: a number too large for any count is an error', () => {
    const text = spoiled({}).replace('"failures":0', '"failures":1e999');
    expect(errorsOf(text)).toContain('failures: expected');
  });

  it('fault 10: a file nested so deep that it could not be written back is an error', () => {
    const deep = (levels: number) => spoiled({}).replace(/}$/, `,"x":${arb.nestedLists(levels)}}`);
    expect(errorsOf(deep(100_000))).toBe('document: expected at most 64 levels of nesting, got more');
    expect(errorsOf(spoiled({}).replace('"pending":null', `"pending":{"x":${arb.nestedObjects(100_000)}}`))).not.toBe(
      'no error',
    );
    const kept = decoded(deep(60));
    expect(decoded(encodeNodeState(kept))).toEqual(kept);
  });
});

describe('fault 42: the state of a newer version', () => {
  property(
    'fault 42: what is unknown comes back as it was, whatever is done to the rest',
    [storedNodeState, storedNodeState],
    (newer, own) => {
      const read = decoded(encodeNodeState(newer));
      const rewritten = decoded(encodeNodeState({ ...read, state: own.state }));
      expect(rewritten.unknownFields).toEqual(newer.unknownFields);
      expect(rewritten.state).toEqual(own.state);
    },
  );

  it('fault 42: the number of a newer schema is kept, and the fields that are known are read', () => {
    const text = spoiled({ schema: NODE_STATE_SCHEMA + 6, canary: { weight: 3 }, 0: 'first' });
    const read = decoded(text);
    expect(read.state).toEqual(healthy.state);
    const rewritten = encodeNodeState(read);
    expect(JSON.parse(rewritten)).toMatchObject({ schema: NODE_STATE_SCHEMA + 6, canary: { weight: 3 }, 0: 'first' });
    expect(rewritten.split('\n')[1]).toContain('"last_run_time"');
  });

  it('faults 19 and 42: a field that is called __proto__ is kept as a field and touches no prototype', () => {
    const text = spoiled({}).replace(/}$/, ',"__proto__":{"polluted":true}}');
    const read = decoded(text);
    expect(Object.keys(read.unknownFields)).toEqual(['__proto__']);
    expect(encodeNodeState(read)).toContain(' "__proto__": {"polluted":true}');
    expect('polluted' in {}).toBe(false);
    expect('polluted' in read.unknownFields).toBe(false);
  });

  it('fault 42: what a newer version added inside a known field is kept as well', () => {
    const pending = {
      version: '2.0.0',
      seenAt: '2025-07-28T12:00:00Z',
      startAt: '2025-07-28T12:10:00Z',
      attempts: 0,
      gaveUp: false,
      wave: 2,
    };
    expect(JSON.parse(encodeNodeState(decoded(spoiled({ pending }))))).toMatchObject({ pending: { wave: 2 } });
  });
});

describe('fault 42: what a newer version wrote into fields that this one knows', () => {
  const spoilt = { running: { cause: { _tag: 'Whim' } }, failures: 'many', pending: 7 };

  it('fault 42: a field that cannot be read is empty and named, and all others are read', () => {
    const read = decoded(spoiled({ ...spoilt, schema: NODE_STATE_SCHEMA + 1 }));
    expect(read.state).toEqual({ ...healthy.state, running: O.none, failures: 0, pending: O.none });
    expect(new Set(read.unreadable.map(({ field }) => field.split('.')[0]))).toEqual(new Set(Object.keys(spoilt)));
  });

  it.each(['node', 'stack', 'environment'])('fault 42: without its %s it is nobody’s all the same', (field) => {
    expect(errorsOf(spoiled({ schema: NODE_STATE_SCHEMA + 1, [field]: { is: 'new' } }))).toContain(
      `${field}: expected`,
    );
  });

  property(
    'fault 42: nothing of what is known is lost by any one field',
    [storedNodeState, fc.nat()],
    (stored, nth) => {
      const whole = JSON.parse(encodeNodeState({ ...stored, unknownFields: {} })) as Record<string, unknown>;
      const own = Object.keys(whole).filter((name) => !['schema', 'stack', 'environment', 'node'].includes(name));
      const field = own[nth % own.length] ?? '';
      const newer = { ...whole, schema: NODE_STATE_SCHEMA + 1 };
      const read = decoded(JSON.stringify({ ...newer, [field]: { is: 'new' } }));
      const without = decoded(JSON.stringify({ ...newer, [field]: null }));
      expect(read.state).toEqual(without.state);
    },
  );
});

describe("fault 43: another node's state", () => {
  property('fault 43: an identity is the same only in all three of its parts', [identity, identity], (a, b) => {
    expect(isSameAssignment(a, { ...a })).toBe(true);
    expect(isSameAssignment(a, b)).toBe(JSON.stringify(a) === JSON.stringify(b));
  });

  it('fault 43: the file names the node, the environment and the stack that it belongs to', () => {
    const { identity: own } = decoded(encodeNodeState(healthy));
    expect(isSameAssignment(own, identityOf('web-17'))).toBe(true);
    expect(isSameAssignment(own, identityOf('web-18'))).toBe(false);
    expect(isSameAssignment(own, { ...identityOf('web-17'), stack: OTHER_STACK })).toBe(false);
    expect(isSameAssignment(own, { ...identityOf('web-17'), environment: OTHER_ENVIRONMENT })).toBe(false);
  });
});

describe('whole seconds', () => {
  property('the state file: a success is never moved into the future', [arb.instant], (at) => {
    expect(wholeSecond(at) <= at && at - wholeSecond(at) < SECOND_MS && wholeSecond(at) % SECOND_MS === 0).toBe(true);
    expect(wholeSecond(wholeSecond(at))).toBe(wholeSecond(at));
  });

  it('the state file: the first second of 1970 has one too', () => {
    expect(wholeSecond(epochMs(999))).toBe(0);
  });
});
