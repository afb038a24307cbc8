import fc from 'fast-check';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { lastRunOf, parseLastRun, RECORD_BYTES_MAX } from '../../src/domain/last-run.ts';
import { EMPTY_NODE_STATE, encodeNodeState } from '../../src/domain/node-state.ts';
import { epochMs, SECOND_MS } from '../../src/domain/time.ts';
import * as arb from '../support/arbitraries.ts';
import { property } from '../support/property.ts';

const TORN = { _tag: 'Torn' };
const NEVER = { _tag: 'Never' };
const succeeded = (epochSeconds: number) => ({ _tag: 'Succeeded', epochSeconds });

const text = (value: string): string => `{\n  "last_run_epoch": ${value},\n  "schema": 1\n}\n`;

describe('F3: the one line of the Summoner’s state that the fallback reads', () => {
  it.each([
    ['1753668151', succeeded(1_753_668_151)],
    ['1', succeeded(1)],
    ['999999999999', succeeded(999_999_999_999)],
    ['null', NEVER],
    ['0', TORN],
    ['01753668151', TORN],
    ['1000000000000', TORN],
    ['-1753668151', TORN],
    ['1753668151.5', TORN],
    ['1.7e9', TORN],
    ['"1753668151"', TORN],
    ['1753668151 // seen', TORN],
    ['none', TORN],
    ['', TORN],
  ])('"last_run_epoch": %s', (value, expected) => {
    expect(parseLastRun(text(value))).toEqual(expected);
  });

  it.each([
    ['fault 38: empty', '', TORN],
    ['fault 38: garbage', '\0\x01\xff', TORN],
    ['an object without the line', '{\n}\n', NEVER],
    ['no newline at the end', text('5').trimEnd(), succeeded(5)],
    ['Windows line ends', text('5').replaceAll('\n', '\r\n'), succeeded(5)],
    ['twice: the later counts, as in JSON', '{\n"last_run_epoch": 5,\n"last_run_epoch": 6\n}\n', succeeded(6)],
    ['the name in another line’s value', '{\n"why": "\\"last_run_epoch\\": 5"\n}\n', NEVER],
    ['cut off in the number', '{\n "last_run_epoch": 17536', TORN],
    ['cut off before the end', text('5').slice(0, -3), TORN],
    ['longer than anyone reads', text('5').replace('"schema": 1', 'x'.repeat(RECORD_BYTES_MAX)), TORN],
    ['all on one line', '{"last_run_epoch": 5}', TORN],
  ])('%s', (_, body, expected) => {
    expect(parseLastRun(body)).toEqual(expected);
  });

  property('fault 38: any text is read without a throw', [fc.string({ unit: 'binary' })], (body) => {
    expect(['Succeeded', 'Never', 'Torn']).toContain(parseLastRun(body)._tag);
  });

  property(
    'fault 46: every prefix of a state says what the whole says, or is torn',
    [fc.integer({ min: 1, max: 999_999_999_999 }), fc.nat(60)],
    (seconds, length) => {
      const prefix = text(String(seconds)).slice(0, length);
      expect([TORN, succeeded(seconds)]).toContainEqual(parseLastRun(prefix));
    },
  );

  property(
    'what the Summoner writes is read, whatever else its state holds',
    [
      arb.instant.filter((instant) => instant >= SECOND_MS),
      fc.record({ stack: arb.stackName, environment: arb.environmentName, node: arb.nodeName }),
      arb.plainText(100),
      arb.jsonValue,
      fc.boolean(),
    ],
    (instant, identity, reason, further, ran) => {
      const written = encodeNodeState({
        identity,
        state: {
          ...EMPTY_NODE_STATE,
          lastSuccess: ran ? O.some(instant) : O.none,
          disabled: O.some({ reason, owner: '"last_run_epoch": 5', until: epochMs(0), floorToo: true }),
        },
        unknownFields: { further, note: '\n"last_run_epoch": 5,\n}\n' },
      });
      expect(parseLastRun(written)).toEqual(ran ? succeeded(Math.floor(instant / SECOND_MS)) : NEVER);
    },
  );
});

describe('what a look at the file shows', () => {
  it.each([
    [{ _tag: 'Found', body: text('5') } as const, succeeded(5)],
    [{ _tag: 'Missing' } as const, NEVER],
    [{ _tag: 'Refused', detail: 'a symbolic link' } as const, TORN],
    [{ _tag: 'Unavailable', detail: 'EIO' } as const, TORN],
  ])('%j', (reading, expected) => {
    expect(lastRunOf(reading)).toEqual(expected);
  });
});
