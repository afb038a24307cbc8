import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AuditRecord,
  auditRecordJson,
  AuditRecordField,
  decodeAuditRecord,
} from '../../src/domain/audit-record.ts';
import { formatFieldErrors } from '../../src/domain/decoding.ts';
import { epochMs } from '../../src/domain/time.ts';
import { property } from '../support/property.ts';

const instants = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) }).map(epochMs);
const records: fc.Arbitrary<AuditRecord> = fc.oneof(
  fc.record({
    _tag: fc.constant('Intent' as const),
    at: instants,
    who: fc.string(),
    what: fc.string(),
    why: fc.string(),
    details: fc.constantFrom({}, { environment: 'dev', stacks: ['basalt'] }),
    outcome: fc.option(fc.string()).map(O.fromNullable),
  }),
  fc.record({ _tag: fc.constant('Outcome' as const), at: instants, of: fc.string(), outcome: fc.string() }),
);

describe('an audit record', () => {
  property('L5: is read as it was written', [records], (record) => {
    expect(decodeAuditRecord(JSON.stringify(auditRecordJson(record)))).toEqual(E.right(record));
    expect(AuditRecordField.is(record)).toBe(true);
  });

  it.each([
    [{}, /at: expected/],
    [{ at: '2026-01-05T12:00:00Z', who: 'ada', what: 'hold', why: 'x' }, /details: expected/],
    [{ at: 'noon', of: 'audit/x/1.json', outcome: 'done' }, /at: expected/],
  ])('says what is wrong with %j', (json, expected) => {
    const decoded = decodeAuditRecord(JSON.stringify(json));
    expect(E.isLeft(decoded) && formatFieldErrors(decoded.left)).toMatch(expected);
  });
});
