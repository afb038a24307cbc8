/**
 * A bucket that holds one signal under every key and hears of no change: a process of its own, so that what it costs is
 * nobody else's. Tells its parent its port, and when asked how often each path was read.
 *
 * @module
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';

const [, , etag = '', body = ''] = process.argv;
const reads = new Map<string, number>();

const server = createServer((request, response) => {
  const [path = ''] = (request.url ?? '').split('?');
  reads.set(path, (reads.get(path) ?? 0) + 1);
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, { ETag: etag }).end();
    return;
  }
  response.writeHead(200, { ETag: etag, 'Content-Length': Buffer.byteLength(body) }).end(body);
});
server.keepAliveTimeout = 60_000;
process.on('message', () => process.send?.({ reads: Object.fromEntries(reads) }));
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
