/**
 * Requests to one organisation of a Chef Infra Server: signed, each under its deadline, and answered by the server itself
 * or not at all. A page to log in, a redirect or half an answer is none.
 *
 * @module
 */
import { formatDuration } from '../../domain/time.ts';
import { textOfBytes } from '../text-body/index.ts';
import { type HttpAnswer, httpExchange } from './http-exchange.ts';
import type { CheckedSettings } from './settings.ts';
import { signedHeaders, type SigningProtocol } from './sign-request.ts';
import { oneLine, Trouble } from './trouble.ts';

/** One request below the organisation. */
export interface ChefRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Such as `/environments/prod-1`. Made of names that need no escapes. */
  readonly path: string;
  /** What is sent as JSON. */
  readonly json?: string | undefined;
  /** Statuses beside success that the asker can make something of. */
  readonly expects?: readonly number[];
  /** What is in a success is of no interest, and not waited for. */
  readonly isUnread?: boolean;
}

/** An answer of the server itself: a success, or one of the statuses that were expected. */
export interface ChefAnswer {
  readonly status: number;
  /** The body; JSON, if it was read. */
  readonly text: string;
  /** The server's own words about a status that is no success, on one line. */
  readonly said: string;
}

/** A file on its way to where the server wants it. */
export interface FileUpload {
  /** Made by the server for this file; it holds the permission. */
  readonly url: string;
  /** Hexadecimal. */
  readonly md5: string;
  readonly sizeBytes: number;
  readonly content: () => AsyncIterable<Uint8Array>;
}

/** How a Chef Infra Server is asked. Both reject with {@link Trouble} where there is no answer to make something of. */
export interface ChefRequests {
  readonly send: (request: ChefRequest) => Promise<ChefAnswer>;
  readonly putFile: (upload: FileUpload) => Promise<void>;
  /** The version of the API that the server takes: the one asked for first, or what it said to that. */
  readonly apiVersion: () => number;
}

/** The largest answer that is read, in bytes: 64 MiB, room for the marks of some hundred thousand artifacts. */
const ANSWER_BYTES_MAX = 67_108_864;

/** Of an answer whose success is of no interest so many bytes are read: room for what a refusal says. */
const UNREAD_BYTES_MAX = 65_536;

/** A server whose clock is further off than this refuses every signature: 15 minutes, in milliseconds. */
const SKEW_MS_MAX = 900_000;

/** A transfer slower than this, in bytes a second, is given up; the deadline of a request comes on top. */
const BYTES_PER_SECOND_MIN = 262_144;

/**
 * The version of the API that is asked for first. Since 2 the server keeps files outside the directories that it knows by
 * name; one that needs signatures of 1.1 may be older than these versions, and then takes every request for 0.
 */
const API_VERSIONS: Readonly<Record<SigningProtocol, number>> = { '1.1': 0, '1.3': 2 };

/** Whose requests these are like: servers refuse what calls itself older than they know. */
const CHEF_VERSION = '18.0.0';

/** The way out of failures that people cause; others pass, or are the server's own. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'name its certificate as `ca`',
  ERR_TLS_CERT_ALTNAME_INVALID: 'ask it by the name in its certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'name the authority’s certificate as `ca`',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'name the authority’s certificate as `ca`',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'name the authority’s certificate as `ca`',
};

const describeError = (error: unknown): string => {
  // Of several addresses that were tried in vain, each has an error of its own.
  const one: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const message = oneLine(one instanceof Error ? one.message : String(one));
  const wayOut = one instanceof Error && 'code' in one ? WAYS_OUT[String(one.code)] : undefined;
  return wayOut === undefined ? message : `${message}; ${wayOut}`;
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;

/** What stands under `error`: a text, a list of them, or objects that hold one as `message`. */
const wordsOf = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(wordsOf);
  const message = fieldOf(value, 'message');
  return typeof message === 'string' ? [message] : [];
};

/** The newest version of the API that the server knows, when that is what it says. */
const newestVersionIn = (value: unknown): number | undefined => {
  if (fieldOf(value, 'error') !== 'invalid-x-ops-server-api-version') return undefined;
  const newest = Number(fieldOf(value, 'max_version') ?? fieldOf(value, 'max_api_version'));
  return Number.isInteger(newest) && newest >= 0 ? newest : undefined;
};

/** Whether a server that answers so may well answer otherwise a moment later. */
const isPassing = (status: number): boolean => status === 429 || status >= 500;

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

const isJson = ({ headers }: HttpAnswer): boolean => /^application\/json\b/.test(headers['content-type'] ?? '');

const kindOf = ({ headers }: HttpAnswer): string => oneLine(headers['content-type'] ?? 'something without a type');

const told = (status: number, said: string): string =>
  said === '' ? `got status ${status}` : `got status ${status}: ${said}`;

const NOT_CHEF = 'something on the way answers in its stead: name its own address, or let these requests pass';

/** Requests as `settings` say. */
export const chefRequests = (settings: CheckedSettings): ChefRequests => {
  const { base, user, key, sign: protocol, deadlineMs, nowMs } = settings;
  const exchange = httpExchange(settings.ca);
  let apiVersion = API_VERSIONS[protocol];

  const explain = (answer: HttpAnswer, said: string): string => {
    const { status, headers } = answer;
    if (status >= 300 && status < 400) {
      return `got status ${status}, a redirect to ${oneLine(headers.location ?? 'nowhere')}; ${NOT_CHEF}`;
    }
    if (status === 401) {
      const skewMs = Date.parse(headers.date ?? '') - nowMs();
      if (Math.abs(skewMs) > SKEW_MS_MAX) {
        const far = formatDuration(Math.round(Math.abs(skewMs) / 1000) * 1000);
        return `${told(status, said)}; its clock is ${far} ${skewMs > 0 ? 'ahead of' : 'behind'} this machine’s, and more than 15m is refused: set the clock that is wrong`;
      }
      return `${told(status, said)}; check that ${user} is a user or client there, and that the key is its own`;
    }
    if (status === 403) return `${told(status, said)}; give ${user} this permission (docs/chef-infra-server.md)`;
    return isJson(answer) ? told(status, said) : `${told(status, said)} from ${kindOf(answer)}`;
  };

  const once = async ({ method, path, json, isUnread = false }: ChefRequest, version: number): Promise<HttpAnswer> => {
    const url = new URL(base);
    url.pathname += path;
    const body = json ?? '';
    const signed = signedHeaders(
      { user, key, protocol },
      { method, path: url.pathname, body, apiVersion: version, nowMs: nowMs() },
    );
    const bytes = Buffer.from(body);
    return exchange({
      method,
      url,
      headers: {
        ...signed,
        'X-Chef-Version': CHEF_VERSION,
        'user-agent': 'signalbox',
        accept: 'application/json',
        ...(json === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(bytes.length) }),
      },
      ...(json === undefined
        ? {}
        : {
            body: async function* () {
              yield bytes;
            },
          }),
      deadlineMs,
      bytesMax: isUnread ? UNREAD_BYTES_MAX : ANSWER_BYTES_MAX,
    });
  };

  const answerOf = ({ expects = [], isUnread = false }: ChefRequest, answer: HttpAnswer): ChefAnswer => {
    const { status } = answer;
    const text = textOfBytes(answer.bytes) ?? '';
    const value = jsonOf(text);
    const said = isSuccess(status) ? '' : oneLine(wordsOf(fieldOf(value, 'error')).join('; '));
    if (isSuccess(status)) {
      if (isUnread ? !isJson(answer) : value === undefined) {
        throw new Trouble(
          answer.isWhole || isUnread
            ? `expected JSON, got ${kindOf(answer)}; ${NOT_CHEF}`
            : `expected at most ${ANSWER_BYTES_MAX} bytes, got more`,
        );
      }
      return { status, text, said };
    }
    // What is missing is told by the server itself, and of the thing asked for: not by a proxy, nor of the organisation.
    if (expects.includes(status) && said !== '' && !/^organi[sz]ation\b/i.test(said)) return { status, text, said };
    throw new Trouble(explain(answer, said), isPassing(status));
  };

  const inWords = async <A>(what: string, act: () => Promise<A>): Promise<A> => {
    try {
      return await act();
    } catch (error) {
      // Whatever is no answer at all may pass: a connection that was refused or cut, a deadline.
      const passes = error instanceof Trouble ? error.isPassing : true;
      throw new Trouble(`${what}: ${describeError(error)}`, passes);
    }
  };

  return {
    apiVersion: () => apiVersion,
    send: (request) =>
      inWords(`${request.method} ${base.href}${request.path}`, async () => {
        const asked = apiVersion;
        const answer = await once(request, asked);
        const newest = answer.status === 406 ? newestVersionIn(jsonOf(answer.bytes.toString())) : undefined;
        if (newest === undefined || newest >= asked) return answerOf(request, answer);
        apiVersion = newest;
        return answerOf(request, await once(request, apiVersion));
      }),
    putFile: ({ url: text, md5, sizeBytes, content }) => {
      const url = URL.canParse(text) ? new URL(text) : undefined;
      // The query holds the permission, which is nobody else's.
      const shown = url === undefined ? 'a file' : `${url.origin}${url.pathname}`;
      return inWords(`PUT ${shown}`, async () => {
        if (url === undefined || (url.protocol !== base.protocol && url.protocol !== 'https:')) {
          throw new Trouble(
            `expected the server to name an address with ${base.protocol}, got ${oneLine(text).slice(0, 40)}`,
          );
        }
        const answer = await exchange({
          method: 'PUT',
          url,
          headers: {
            'content-type': 'application/x-binary',
            'content-md5': Buffer.from(md5, 'hex').toString('base64'),
            'content-length': String(sizeBytes),
            'user-agent': 'signalbox',
          },
          body: content,
          deadlineMs: deadlineMs + Math.ceil((sizeBytes / BYTES_PER_SECOND_MIN) * 1000),
          bytesMax: 4_096,
        });
        const { status, bytes } = answer;
        if (isSuccess(status)) return;
        throw new Trouble(told(status, oneLine(textOfBytes(bytes) ?? '')), isPassing(status));
      });
    },
  };
};
