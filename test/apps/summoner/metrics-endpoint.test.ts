import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { serveMetrics } from '../../../src/apps/summoner/metrics-endpoint.ts';

const listening = async (text: () => string, port = 0) => {
  const endpoint = await serveMetrics({ host: '127.0.0.1', port }, text);
  if (endpoint._tag !== 'Listening') throw new Error(endpoint.detail);
  return { ...endpoint, url: `http://127.0.0.1:${endpoint.port}` };
};

describe('the endpoint for metrics', () => {
  it('answers with what there is to tell at that moment, and with nothing else', async () => {
    let text = 'a 1\n';
    const { url, close } = await listening(() => text);
    try {
      const first = await fetch(`${url}/metrics`);
      expect([first.status, await first.text()]).toEqual([200, 'a 1\n']);
      expect(first.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      text = 'a 2\n';
      expect(await (await fetch(`${url}/metrics`)).text()).toBe('a 2\n');
      expect((await fetch(`${url}/metrics?name=a`)).status).toBe(200);
      const head = await fetch(`${url}/metrics`, { method: 'HEAD' });
      expect([head.status, await head.text()]).toEqual([200, '']);
      for (const [path, method] of [
        ['/', 'GET'],
        ['/metrics', 'POST'],
        ['/metrics/..', 'PUT'],
      ] as const) {
        const other = await fetch(`${url}${path}`, { method });
        expect([other.status, await other.text()]).toEqual([404, 'expected GET /metrics\n']);
      }
    } finally {
      close();
    }
    await expect(fetch(`${url}/metrics`)).rejects.toThrow();
  });

  it('lets nobody in for good who asks nothing', async () => {
    const { url, port, close } = await listening(() => 'a 1\n');
    const silent = Array.from({ length: 8 }, () => connect(port, '127.0.0.1'));
    try {
      const ended = silent.map((socket) => once(socket.resume(), 'close'));
      await Promise.all(silent.map((socket) => once(socket, 'connect')));
      // One collector more than it takes at once.
      await expect(fetch(`${url}/metrics`)).rejects.toThrow();
      await Promise.all(ended);
      expect(await (await fetch(`${url}/metrics`)).text()).toBe('a 1\n');
    } finally {
      for (const socket of silent) socket.destroy();
      close();
    }
  });

  it('says why it cannot listen', async () => {
    const { port, close } = await listening(() => '');
    try {
      const second = await serveMetrics({ host: '127.0.0.1', port }, () => '');
      expect(second._tag === 'Failed' && second.detail).toContain('EADDRINUSE');
    } finally {
      close();
    }
  });
});
