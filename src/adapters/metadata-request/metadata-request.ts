import { type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { SECOND_MS } from '../../domain/time.ts';
import type { MachineReading } from '../../ports/machine-metadata.ts';
import { DeadlineExceeded, withDeadline } from '../deadline/index.ts';

/** How long a metadata service may take. */
export interface MetadataLimits {
  /** For one request and its whole answer, in milliseconds (faults 6 and 7). */
  readonly requestMs: number;
  /** For all that is asked, every repetition and wait included, in milliseconds. */
  readonly totalMs: number;
  /** The ceiling of the first wait between two tries, in milliseconds; it doubles up to 5 seconds. */
  readonly waitMs: number;
}

/**
 * A service on the link answers within milliseconds. It may not answer at all while the network of a machine that is just
 * booting comes up, which is when bootstrap runs; half a minute is longer than that, and short enough for cloud-init.
 */
export const metadataDefaults: MetadataLimits = {
  requestMs: 2 * SECOND_MS,
  totalMs: 30 * SECOND_MS,
  waitMs: 200,
};

/** What is asked of it fits on a line; a token is 56 bytes. A longer answer is cut off (fault 8). */
const ANSWER_BYTES_MAX = 4_096;

/** One request. */
export interface MetadataQuestion {
  readonly method: 'GET' | 'PUT';
  /** Below the service's base. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What came back, whatever the status. */
export interface MetadataAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Trimmed, one character to a byte. */
  readonly text: string;
}

/** A question was not answered as it should be; what that means for the whole is its reading. */
export class MetadataTrouble extends Error {
  readonly reading: Exclude<MachineReading, { readonly _tag: 'Found' }>;

  /** Trouble that ends the asking as `tag`, or lets it begin anew where that may help. */
  constructor(tag: MetadataTrouble['reading']['_tag'], detail: string) {
    super(detail);
    this.name = 'MetadataTrouble';
    this.reading = { _tag: tag, detail };
  }
}

/**
 * Reads where a service is: an `http:` address of a host without a path, an account or a query. The services speak no TLS, and
 * what has a path is another service.
 *
 * @throws TypeError when `text` is none: who configured it has to mend it.
 */
export const metadataBase = (setting: string, text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url?.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
  if (url?.protocol !== 'http:' || !isPlain) {
    throw new TypeError(`${setting}: expected an address such as http://169.254.169.254, got ${text.slice(0, 200)}`);
  }
  return url;
};

const send = (url: URL, { method, headers }: MetadataQuestion, signal: AbortSignal): Promise<MetadataAnswer> =>
  new Promise((resolve, reject) => {
    // An agent of its own: that of the process may be told by the environment to go through a proxy, where no link-local
    // address leads to this machine's own service.
    const request = requestHttp(url, { method, headers, signal, agent: false });
    request.on('error', reject);
    request.once('response', (response) => {
      const pieces: Buffer[] = [];
      let length = 0;
      response.on('error', reject);
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        length += piece.length;
        if (length > ANSWER_BYTES_MAX) {
          request.destroy(
            new MetadataTrouble('NotThisCloud', `${url.href}: an answer of more than ${ANSWER_BYTES_MAX} bytes`),
          );
        }
      });
      response.once('end', () => {
        const text = Buffer.concat(pieces).toString('latin1').trim();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    request.end();
  });

const reasonOf = (error: unknown): string => {
  if (error instanceof DeadlineExceeded) return error.message;
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
};

/**
 * Asks one question: no redirect is followed, no proxy is asked, and the answer is whole, or none.
 *
 * @throws MetadataTrouble when there is no answer; any status is one.
 */
export const requestMetadata = async (
  base: URL,
  question: MetadataQuestion,
  { requestMs }: MetadataLimits,
  abort: AbortSignal,
): Promise<MetadataAnswer> => {
  const url = new URL(question.path, base);
  try {
    return await withDeadline(requestMs, (deadline) => send(url, question, AbortSignal.any([deadline, abort])));
  } catch (error) {
    if (error instanceof MetadataTrouble) throw error;
    throw new MetadataTrouble('Unavailable', `${question.method} ${url.href}: ${reasonOf(error)}`);
  }
};
