/**
 * One POST of a document: no redirect is followed, the answer is cut off, and all of it has a deadline.
 *
 * @module
 */
import { SECOND_MS } from '../../domain/time.ts';
import type { Delivered } from '../../ports/notifier.ts';
import { DeadlineExceeded, withDeadline } from '../deadline/index.ts';

/** Where a document is posted. */
export interface Posting {
  /** May be a secret in itself: it is named in no answer. */
  readonly url: URL;
  /** For the whole exchange, in milliseconds; 10 seconds by default. */
  readonly deadlineMs?: number;
}

const DEADLINE_MS_DEFAULT = 10 * SECOND_MS;

/** So much of an answer is read; a receiver has nothing more to say. */
const ANSWER_BYTES_MAX = 1024;

/** Of the receiver's own words so much is told. */
const WORDS_LENGTH_MAX = 200;

/** These say that the same event will never be taken: it is no receiver's form, too large, or the receiver is gone. */
const REFUSALS = [400, 410, 413, 422];

/** A number of seconds; the other form, a date, is that of a clock which may be wrong, and not looked at. */
const retryAfterMs = (header: string | null): number | undefined =>
  header !== null && /^\d{1,6}$/.test(header) ? Number(header) * SECOND_MS : undefined;

/** The beginning of an answer, on one line. */
const wordsOf = async (response: Response): Promise<string> => {
  if (response.body === null) return '';
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length < ANSWER_BYTES_MAX) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    length += value.length;
  }
  await reader.cancel();
  const text = Buffer.concat(pieces).subarray(0, ANSWER_BYTES_MAX).toString('utf8');
  return text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, WORDS_LENGTH_MAX);
};

const deliveredBy = async (response: Response): Promise<Delivered> => {
  const { status, headers } = response;
  // What else it says is not waited for: it has the event.
  if (status >= 200 && status < 300) {
    void response.body?.cancel();
    return { _tag: 'Delivered' };
  }
  const words = await wordsOf(response);
  const detail = `answered ${status}${words === '' ? '' : `: ${words}`}`;
  if (REFUSALS.includes(status)) return { _tag: 'Refused', detail };
  const waitMs = retryAfterMs(headers.get('retry-after'));
  return { _tag: 'Failed', detail, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
};

/** What went wrong before there was an answer, without the address. */
const reasonOf = (error: unknown): string => {
  if (error instanceof DeadlineExceeded) return error.message;
  const cause: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return cause instanceof Error ? cause.name : 'no answer';
};

/** Posts `body`. Never rejects. */
export const postJson = async (
  { url, deadlineMs = DEADLINE_MS_DEFAULT }: Posting,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<Delivered> => {
  try {
    return await withDeadline(deadlineMs, async (signal) =>
      deliveredBy(
        await fetch(url, {
          method: 'POST',
          redirect: 'manual',
          signal,
          body,
          headers: { 'content-type': 'application/json', 'user-agent': 'signalbox', ...headers },
        }),
      ),
    );
  } catch (error) {
    return { _tag: 'Failed', detail: reasonOf(error) };
  }
};
