import { Readable } from 'node:stream';
import type { Revision } from '../../ports/conditional-write.ts';
import { withDeadline } from '../deadline/index.ts';
import type { Bucket } from './bucket.ts';
import { quoted } from './etag.ts';
import { describeS3Failure } from './failure.ts';

/** A transfer slower than this, in bytes a second, is given up; the bucket's deadline comes on top. */
const BYTES_PER_SECOND_MIN = 262_144;

/** How long so many bytes may take, in milliseconds. */
export const transferMs = ({ deadlineMs }: Bucket, sizeBytes: number): number =>
  deadlineMs + Math.ceil((sizeBytes / BYTES_PER_SECOND_MIN) * 1000);

/**
 * The pieces of `body`, for which the server has `budgetMs` in all; the time that the reader takes between them is its own.
 *
 * @throws DeadlineExceeded when the server takes longer.
 */
async function* withinBudget(body: Readable, budgetMs: number): AsyncGenerator<Uint8Array> {
  const stream: AsyncIterable<Uint8Array> = body;
  const pieces = stream[Symbol.asyncIterator]();
  let leftMs = budgetMs;
  try {
    for (;;) {
      const asked = performance.now();
      const next = await withDeadline(leftMs, () => pieces.next());
      if (next.done === true) return;
      leftMs -= performance.now() - asked;
      yield next.value;
    }
  } finally {
    body.destroy();
  }
}

/**
 * An object of about `sizeBytes`, asked for when its reader begins: a stream that nobody reads would hold a connection.
 *
 * @param revision - where one is given, an object of another is a failure.
 * @throws Error that says what was asked and what came instead.
 */
export async function* objectStream(
  bucket: Bucket,
  key: string,
  sizeBytes: number,
  revision?: Revision,
): AsyncGenerator<Uint8Array> {
  try {
    const body = await withDeadline(bucket.deadlineMs, async (abort) => {
      const { sdk, client } = await bucket.reach();
      const condition = revision === undefined ? {} : { IfMatch: quoted(revision) };
      const order = new sdk.GetObjectCommand({ Bucket: bucket.name, Key: key, ...condition });
      return (await client.send(order, { abortSignal: abort })).Body;
    });
    if (body instanceof Readable) yield* withinBudget(body, transferMs(bucket, sizeBytes));
  } catch (error) {
    throw new Error(describeS3Failure('open', bucket.addressOf(key), error), { cause: error });
  }
}
