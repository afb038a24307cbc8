import { request } from 'node:http';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { serve } from '../../../src/apps/librarian/service.ts';
import { LISTEN_DEFAULT } from '../../../src/apps/listen-address.ts';
import { add, BASALT, DEV, world } from '../../support/librarian-world.ts';
import { TLS_KEYS } from '../../support/tls-keys.ts';

describe('the service', () => {
  it('ticks until it is stopped, and closes', async () => {
    const on = world();
    await add(on, '1.0.1');
    const stop = new AbortController();
    const served = serve(on.librarian())({ listen: { ...LISTEN_DEFAULT, port: 0 }, tickEveryMs: 60_000 }, stop.signal);
    await on.clock.advanceTo(on.clock.now());
    while ((await on.pin(BASALT, DEV)) === undefined) await new Promise(setImmediate);
    stop.abort();
    expect(await served).toMatchObject({ _tag: 'Right' });
  });

  it('N8: waits for an upload that is under way, and for what it leaves to be cleared', async () => {
    const on = world();
    const stop = new AbortController();
    let hasBegun = (): void => undefined;
    const begun = new Promise<void>((resolve) => (hasBegun = resolve));
    let isCleared = false;
    const ports = {
      ...on.librarian(),
      intake: async (tarball: AsyncIterable<Uint8Array>) => {
        try {
          for await (const piece of tarball) if (piece.length > 0) hasBegun();
        } catch {
          // The connection was closed, as it should be.
        }
        for (let i = 0; i < 20; i++) await new Promise(setImmediate);
        isCleared = true;
        return { _tag: 'BadArtifact', detail: 'broke off' } as const;
      },
      log: (_level: string, message: string, fields?: Readonly<Record<string, unknown>>) => {
        if (message === 'listening') address = String(fields?.['address']);
      },
    };
    let address = '';
    const served = serve(ports)({ listen: { ...LISTEN_DEFAULT, port: 0 }, tickEveryMs: 60_000 }, stop.signal);
    while (address === '') await new Promise(setImmediate);
    const upload = request(`${address}/v1/artifacts`, {
      method: 'POST',
      headers: { 'content-type': 'application/gzip', 'content-length': '1000' },
    });
    upload.on('error', () => undefined);
    upload.write('half');
    await begun;
    stop.abort();
    expect(await served).toMatchObject({ _tag: 'Right' });
    expect(isCleared).toBe(true);
  });

  it('tells where it listens, and how', async () => {
    const stop = new AbortController();
    let address = '';
    const ports = {
      ...world().librarian(),
      log: (_level: string, message: string, fields?: Readonly<Record<string, unknown>>) => {
        if (message === 'listening') address = String(fields?.['address']);
      },
    };
    const options = { listen: { ...LISTEN_DEFAULT, port: 0 }, tickEveryMs: 60_000, http: { tls: O.some(TLS_KEYS) } };
    const served = serve(ports)(options, stop.signal);
    while (address === '') await new Promise(setImmediate);
    stop.abort();
    expect(await served).toMatchObject({ _tag: 'Right' });
    expect(address).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  });

  it('says so where it cannot listen', async () => {
    const options = { listen: { host: '192.0.2.1', port: 1 }, tickEveryMs: 60_000 };
    expect(await serve(world().librarian())(options, new AbortController().signal)).toMatchObject({
      left: { _tag: 'Unavailable', detail: expect.stringMatching(/^listen: 192\.0\.2\.1, port 1/) as unknown },
    });
  });
});
