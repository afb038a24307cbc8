/**
 * Limits on bodies while they arrive (fault 73): how long a document may take, how long a tarball may be.
 *
 * @module
 */
import { PassThrough, type Readable } from 'node:stream';
import { RequestFault } from './request-fault.ts';

/** `payload`, which fails unless it has arrived within `limitMs`: a drop at a time would keep a connection for ever. */
export const inTime = (payload: Readable, limitMs: number): Readable => {
  const arriving = new PassThrough();
  const timer = setTimeout(() => {
    payload.unpipe(arriving);
    arriving.destroy(new RequestFault(408, `body: expected it within ${limitMs / 1_000} s`));
  }, limitMs);
  const stop = (): void => {
    clearTimeout(timer);
  };
  payload.once('end', stop);
  payload.once('error', (error) => {
    arriving.destroy(error);
  });
  payload.once('close', () => {
    if (!payload.readableEnded) arriving.destroy(new RequestFault(400, 'body: the connection broke off'));
  });
  arriving.once('close', stop);
  return payload.pipe(arriving);
};

/** A stream, and whether it turned out to be longer than it may be. */
export interface MeasuredStream {
  readonly stream: AsyncIterable<Uint8Array>;
  readonly isTooLong: () => boolean;
}

/** `body`, which ends with an error after `bytesMax`. */
export const measured = (body: AsyncIterable<Uint8Array>, bytesMax: number): MeasuredStream => {
  let bytes = 0;
  async function* limited(): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      bytes += piece.length;
      if (bytes > bytesMax) throw new RequestFault(413, `body: expected at most ${bytesMax} bytes`);
      yield piece;
    }
  }
  return { stream: limited(), isTooLong: () => bytes > bytesMax };
};
