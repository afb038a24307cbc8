import { afterEach, describe, expect, it } from 'vitest';
import { SHARED_MS_MAX } from '../../../../src/apps/librarian/http/shared-answers.ts';
import { plus } from '../../../../src/domain/time.ts';
import { type CheckedApi, checkedApi } from '../../../support/checked-api.ts';
import { add, BASALT, DEV, promoteTo, world } from '../../../support/librarian-world.ts';

let api: CheckedApi;
afterEach(() => api.close());

interface Board {
  readonly environments: readonly { readonly pins: Readonly<Record<string, string | null>> }[];
}

const setUp = async () => {
  const on = world();
  await add(on, '1.0.1');
  const ports = on.librarian();
  let lists = 0;
  let gate: Promise<void> | undefined;
  api = await checkedApi({
    ...ports,
    artifacts: {
      ...ports.artifacts,
      list: async () => {
        lists++;
        const listed = await ports.artifacts.list();
        await gate;
        return listed;
      },
    },
  });
  const pin = async (): Promise<string | null | undefined> =>
    (await api.inject({ url: '/v1/status' })).json<Board>().environments[0]?.pins[BASALT];
  return {
    on,
    pin,
    lists: () => lists,
    hold: (until: Promise<void> | undefined) => {
      gate = until;
    },
  };
};

describe('a status that many ask for', () => {
  it('is read once for all who ask within a second', async () => {
    const { on, pin, lists } = await setUp();
    await Promise.all([pin(), pin(), pin()]);
    await promoteTo(on, '1.0.1', DEV);
    expect(await pin()).toBeNull();
    expect(lists()).toBe(1);
    await on.clock.advanceTo(plus(on.clock.now(), SHARED_MS_MAX));
    expect(await pin()).toBe('1.0.1');
    expect(lists()).toBe(2);
  });

  it('shows at once what was done over the API', async () => {
    const { pin } = await setUp();
    expect(await pin()).toBeNull();
    await api.inject({ method: 'POST', url: '/v1/tick' });
    expect(await pin()).toBe('1.0.1');
  });

  it('is read anew for who asks after a change, whatever was under way before it', async () => {
    const { pin, hold } = await setUp();
    let release = (): void => undefined;
    hold(new Promise((resolve) => (release = resolve)));
    const before = pin();
    await new Promise(setImmediate);
    hold(undefined);
    await api.inject({ method: 'POST', url: '/v1/tick' });
    expect(await pin()).toBe('1.0.1');
    release();
    expect(await before).toBeNull();
  });

  it('is not kept where reading it failed by a defect', async () => {
    const on = world();
    const ports = on.librarian();
    let isBroken = true;
    api = await checkedApi({
      ...ports,
      artifacts: {
        ...ports.artifacts,
        list: () => (isBroken ? Promise.reject(new Error('defect')) : ports.artifacts.list()),
      },
    });
    expect((await api.inject({ url: '/v1/status' })).statusCode).toBe(500);
    isBroken = false;
    expect((await api.inject({ url: '/v1/status' })).statusCode).toBe(200);
  });
});
