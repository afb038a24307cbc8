import type { Readable } from 'node:stream';
import { Storage } from '@google-cloud/storage';
import { checkSettings, type GcsSettings, mayGoWithoutTls } from './settings.ts';

/** One request to the JSON API. */
export interface GcsRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** From the endpoint on, starting with `/`, percent-encoded. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable;
}

/** What came back, whatever the status; the body is still on its way. */
export interface GcsAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AsyncIterable<Uint8Array>;
}

/** Sends one request, once; rejects when there is no answer. */
export type SendToGcs = (request: GcsRequest, signal: AbortSignal) => Promise<GcsAnswer>;

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** No content, of which the transport makes an empty text. */
const NO_CONTENT = 204;

const GOOGLE = 'https://storage.googleapis.com';

const isWithoutTls = (settings: GcsSettings, endpoint: string): boolean => {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '') {
    throw new TypeError(`apiEndpoint: expected a URL such as ${GOOGLE}, got ${JSON.stringify(endpoint.slice(0, 200))}`);
  }
  if (url.protocol === 'https:') return false;
  if (!mayGoWithoutTls(settings, url.hostname)) {
    throw new TypeError(
      `apiEndpoint: expected https, got ${endpoint}; whoever is on the way could write signals: set allowHttp if that is meant`,
    );
  }
  if (settings.authClient !== undefined) {
    throw new TypeError(`authClient: expected none with ${endpoint}, where its token would travel in the clear`);
  }
  return true;
};

/**
 * Requests through the client's own credentials and transport, one HTTP request each.
 *
 * `File` and `Bucket` of the same client are passed by. Their downloads take no `ifGenerationNotMatch`, their requests no
 * deadline and cannot be cancelled (a server that accepts and says nothing would hold a socket for ever), and after an
 * upload whose checksum is wrong they delete the object without a condition. What is left for them to do is a URL.
 *
 * @throws TypeError naming the field when one of the settings cannot be meant, such as an endpoint without TLS.
 */
export const gcsRequests = (settings: GcsSettings): SendToGcs => {
  const { deadlineMs } = checkSettings(settings);
  const { apiEndpoint = GOOGLE, authClient } = settings;
  const storage = new Storage({
    // Always named: else a variable of the environment could lead us elsewhere, and without TLS.
    apiEndpoint,
    ...(authClient === undefined ? {} : { authClient }),
    // A token server may hang as well, and every later request would wait for that same token.
    clientOptions: { transporterOptions: { timeout: deadlineMs } },
  });
  const endpoint = storage.apiEndpoint;
  const isPlain = isWithoutTls(settings, endpoint);
  // The key is sent by the client's requests, and not by its transport's.
  const client = isPlain ? storage.authClient.fromAPIKey('none').transporter : storage.authClient;
  return async ({ method, path, params, headers, body }, signal) => {
    const answer = await client.request<Readable>({
      url: `${endpoint}${path}`,
      method,
      params,
      headers: { 'user-agent': 'signalbox', ...headers },
      ...(body === undefined ? {} : { data: body }),
      signal,
      timeout: 0,
      responseType: 'stream',
      // A status is an answer; thrown, some clients would ask for another token and then send the request again.
      validateStatus: () => true,
      // Who sends us elsewhere is not Cloud Storage, but something on the way.
      redirect: 'manual',
      retry: false,
    });
    const { status, headers: answered } = answer;
    return { status, headers: answered, body: status === NO_CONTENT ? nothing() : answer.data };
  };
};
