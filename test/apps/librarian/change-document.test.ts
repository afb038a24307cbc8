import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { describe, expect, it } from 'vitest';
import { memoryStateStore } from '../../../src/adapters/memory/index.ts';
import { changeDocument, type DocumentForm } from '../../../src/apps/librarian/change-document.ts';
import { decodeJsonWith } from '../../../src/domain/decoding.ts';
import type { StateStore } from '../../../src/ports/state-store.ts';

const FORM: DocumentForm<readonly string[]> = {
  key: 'list.json',
  empty: [],
  decode: decodeJsonWith(t.readonlyArray(t.string, 'a list of names')),
  encode: (names) => JSON.stringify(names),
};

const append = (state: StateStore, name: string) =>
  changeDocument(state)(FORM, (names) => ({ value: [...names, name], result: names.length }))();

describe('a change of a document', () => {
  it('is made on what is there, and answers', async () => {
    const state = memoryStateStore();
    expect(await append(state, 'a')).toEqual(E.right(0));
    expect(await append(state, 'b')).toEqual(E.right(1));
    expect(await state.read(FORM.key)).toMatchObject({ body: '["a","b"]' });
  });

  it('L4: is made again on what somebody else has left meanwhile', async () => {
    const state = memoryStateStore();
    let isFirst = true;
    const raced: StateStore = {
      read: state.read,
      write: async (key, body, expected) => {
        if (isFirst) {
          isFirst = false;
          await append(state, 'other');
        }
        return state.write(key, body, expected);
      },
    };
    expect(await append(raced, 'ours')).toEqual(E.right(1));
    expect(await state.read(FORM.key)).toMatchObject({ body: '["other","ours"]' });
  });

  it('L4: a write whose answer was lost is read back', async () => {
    const state = memoryStateStore();
    const lost: StateStore = {
      read: state.read,
      write: async (key, body, expected) => {
        await state.write(key, body, expected);
        return { _tag: 'Unknown', detail: 'timed out' };
      },
    };
    expect(await append(lost, 'a')).toEqual(E.right(0));
    const never: StateStore = { ...lost, write: async () => ({ _tag: 'Unknown', detail: 'timed out' }) };
    expect(await append(never, 'b')).toMatchObject({
      left: { _tag: 'Unavailable', detail: 'state list.json: timed out' },
    });
    expect(await state.read(FORM.key)).toMatchObject({ body: '["a"]' });
  });

  it('gives up where it never wins', async () => {
    const state = { ...memoryStateStore(), write: async () => ({ _tag: 'Conflict' }) as const };
    expect(await append(state, 'a')).toMatchObject({ left: { _tag: 'TryAgain' } });
  });

  it('writes nothing where it changes nothing', async () => {
    const state = { ...memoryStateStore(), write: () => Promise.reject(new Error('written')) };
    expect(await changeDocument(state)(FORM, (names) => ({ value: names, result: 'same' }))()).toEqual(E.right('same'));
  });

  it('fault 72: leaves a damaged document as it is, and names it', async () => {
    const state = memoryStateStore();
    await state.write(FORM.key, '{', undefined);
    expect(await append(state, 'a')).toMatchObject({ left: { _tag: 'Damaged', key: FORM.key } });
    state.plant(FORM.key, Uint8Array.from([0xff]));
    expect(await append(state, 'a')).toMatchObject({ left: { _tag: 'Damaged', key: FORM.key } });
    const down = { ...state, read: async () => ({ _tag: 'Unavailable', detail: 'down' }) as const };
    expect(await append(down, 'a')).toMatchObject({ left: { _tag: 'Unavailable' } });
  });
});
