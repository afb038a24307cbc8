import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cursorAfter } from '../../../../src/apps/librarian/http/page.ts';
import { type CheckedApi, checkedApi } from '../../../support/checked-api.ts';
import { add, promoteTo, world, type World } from '../../../support/librarian-world.ts';
import { environmentName } from '../../../support/slack.ts';

let on: World;
let api: CheckedApi;
beforeEach(async () => {
  on = world();
  api = await checkedApi(on.librarian());
});
afterEach(() => api.close());

interface Page {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly next: string | null;
}

const page = async (path: string, limit: number, cursor: string | null): Promise<Page> => {
  const from = cursor === null ? '' : `&cursor=${cursor}`;
  return (await api.inject({ url: `${path}?limit=${limit}${from}` })).json<Page>();
};

/** All items, page by page; `between` is done after the first. */
const readAll = async (path: string, limit: number, between: () => Promise<unknown> = async () => undefined) => {
  const pages: Page[] = [];
  for (let cursor: string | null = null; pages.length === 0 || cursor !== null;) {
    const read = await page(path, limit, cursor);
    pages.push(read);
    cursor = read.next;
    if (pages.length === 1) await between();
  }
  return { sizes: pages.map(({ items }) => items.length), items: pages.flatMap(({ items }) => items) };
};

describe('artifacts, page by page', () => {
  it('come the newest first, each once', async () => {
    for (const name of ['1.0.2', '1.0.10', '1.0.1', '1.0.3', '1.0.4']) await add(on, name);
    const { sizes, items } = await readAll('/v1/artifacts', 2);
    expect(sizes).toEqual([2, 2, 1]);
    expect(items.map(({ version }) => version)).toEqual(['1.0.10', '1.0.4', '1.0.3', '1.0.2', '1.0.1']);
  });

  it('are neither skipped nor repeated when one comes meanwhile', async () => {
    for (const name of ['1.0.1', '1.0.2', '1.0.3', '1.0.4']) await add(on, name);
    const { items } = await readAll('/v1/artifacts', 2, () => add(on, '1.0.9'));
    expect(items.map(({ version }) => version)).toEqual(['1.0.4', '1.0.3', '1.0.2', '1.0.1']);
  });

  it.each(['0', '201', '-1', '1.5', 'ten', ''])('are not asked for %j at a time', async (limit) => {
    const answer = await api.inject({ url: `/v1/artifacts?limit=${limit}` });
    expect(answer.json()).toMatchObject({ status: 422, errors: [{ field: 'limit' }] });
  });

  it('begin at the end where the cursor was made up', async () => {
    await add(on, '1.0.1');
    expect(await page('/v1/artifacts', 1, cursorAfter('../etc'))).toEqual({ items: [], next: null });
    expect((await api.inject({ url: '/v1/artifacts?cursor=%2F' })).statusCode).toBe(422);
  });
});

describe('the audit trail, page by page', () => {
  it('L5: tells the newest first who did what, why, when, and how it ended', async () => {
    await add(on, '1.0.1');
    await promoteTo(on, '1.0.1', environmentName('image'));
    const { items } = await readAll('/v1/audit', 2);
    const records = [...items].reverse();
    expect(records[0]).toMatchObject({ who: 'tester', what: 'add artifact', why: 'test', at: '2026-01-05T12:00:00Z' });
    expect(records[1]).toMatchObject({ of: records[0]?.['id'], outcome: 'added' });
    expect(records.filter(({ what }) => what === 'promote').length).toBeGreaterThan(0);
    expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
    expect(items.map(({ id }) => id)).toEqual(
      items
        .map(({ id }) => id)
        .toSorted()
        .reverse(),
    );
  });

  it('neither skips nor repeats a record when others come meanwhile', async () => {
    await add(on, '1.0.1');
    await add(on, '1.0.2');
    const before = await readAll('/v1/audit', 200);
    const paged = await readAll('/v1/audit', 1, () => add(on, '1.0.3'));
    expect(paged.items).toEqual(before.items);
  });

  it('is empty while nothing has happened, and before its beginning', async () => {
    expect(await page('/v1/audit', 1, null)).toEqual({ items: [], next: null });
    await add(on, '1.0.1');
    expect(await page('/v1/audit', 1, cursorAfter('1'))).toEqual({ items: [], next: null });
  });

  it('tells of a record that somebody has laid hands on', async () => {
    await add(on, '1.0.1');
    const { items } = await page('/v1/audit', 1, null);
    const key = String(items[0]?.['id']);
    const { state } = on.librarian();
    const reading = await state.read(key);
    if (reading._tag !== 'Found') throw new Error(`${key} is missing`);
    await state.write(key, 'torn', reading.revision);
    expect((await page('/v1/audit', 1, null)).items).toEqual([{ id: key, unreadable: true }]);
  });

  it.each(['0', '-1', '1.5', 'x'])('has no page after %s', async (name) => {
    const answer = await api.inject({ url: `/v1/audit?cursor=${cursorAfter(name)}` });
    expect(answer.json()).toMatchObject({ status: 422, errors: [{ field: 'cursor' }] });
  });

  it('is not told while the store does not answer', async () => {
    await api.close();
    const ports = on.librarian();
    const read = async () => ({ _tag: 'Unavailable', detail: 'down' }) as const;
    api = await checkedApi({ ...ports, state: { ...ports.state, read } });
    expect((await api.inject({ url: '/v1/audit' })).statusCode).toBe(503);
  });
});
