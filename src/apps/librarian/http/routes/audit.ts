import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { auditRecordJson } from '../../../../domain/audit-record.ts';
import type { KeptRecord } from '../../audit-trail.ts';
import { readPage } from '../../audit-page.ts';
import { answerJson } from '../answer.ts';
import { cursorAfter, nameOfCursor, PAGE_FIELDS, type PageQuery, pageSchema } from '../page.ts';
import { failureProblem, fieldProblem } from '../problem.ts';
import { ref } from '../reports.ts';
import { route } from '../route.ts';
import { object } from '../shape.ts';

const recordJson = ({ key, record }: KeptRecord): object => ({
  id: key,
  ...(O.isSome(record) ? auditRecordJson(record.value) : { unreadable: true }),
});

/** The audit trail. */
export const listAudit = route({
  method: 'GET',
  path: '/v1/audit',
  operation: 'listAudit',
  summary: 'The audit trail, the newest record first: who did what, why, when, and how it ended.',
  permission: 'read',
  query: object<PageQuery>('query', PAGE_FIELDS),
  answers: { 200: { description: 'A page of records.', schema: pageSchema(ref('AuditRecord')) } },
  handle: async (ports, { query: { cursor, limit } }) => {
    const before = O.map((text: string) => Number(nameOfCursor(text)))(cursor);
    if (O.isSome(before) && !(Number.isSafeInteger(before.value) && before.value > 0)) {
      return fieldProblem([{ field: 'cursor', expected: 'the `next` of an answer', got: 'another' }]);
    }
    const read = await readPage(ports, before, limit);
    if (E.isLeft(read)) return failureProblem(read.left);
    const { records, before: next } = read.right;
    return answerJson({
      items: records.map(recordJson),
      next: O.isSome(next) ? cursorAfter(String(next.value)) : null,
    });
  },
});
