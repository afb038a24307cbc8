/**
 * Where the Librarian listens: on this machine only, because it asks nobody who they are.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';

declare const loopbackBrand: unique symbol;

/** A host that only this machine can reach: `localhost`, `127.0.0.0/8` or `::1`. */
export type LoopbackHost = string & { readonly [loopbackBrand]: true };

/** Whether `host` can be reached from this machine only; an IPv6 address may stand in brackets. */
export const isLoopback = (host: string): host is LoopbackHost =>
  /^(?:localhost|::1|\[::1\]|127(?:\.\d{1,3}){3})$/i.test(host);

/** An address to listen on. */
export interface ListenAddress {
  /** Without brackets. */
  readonly host: LoopbackHost;
  /** 0 … 65 535; 0 lets the machine choose. */
  readonly port: number;
}

/** Where the service listens unless somebody says otherwise. */
export const LISTEN_DEFAULT: ListenAddress = { host: '127.0.0.1' as LoopbackHost, port: 8470 };

const PORT_MAX = 65_535;

const EXPECTED = 'host:port of this machine, such as 127.0.0.1:8470';

/** Reads `host:port`, an IPv6 host in brackets; the error says what was expected. */
export const parseListenAddress = (text: string): E.Either<string, ListenAddress> => {
  const [, bracketed, plain, digits] = /^(?:\[([^[\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  if (host !== '' && !isLoopback(host)) return E.left(`${EXPECTED}: there is no authentication yet`);
  return isLoopback(host) && port <= PORT_MAX ? E.right({ host, port }) : E.left(EXPECTED);
};

/** Reads and writes a {@link ListenAddress}. */
export const ListenAddress: t.Type<ListenAddress, string> = new t.Type<ListenAddress, string>(
  'listen address',
  (u): u is ListenAddress => typeof u === 'object' && u !== null && 'host' in u && 'port' in u,
  (u, context) => {
    const parsed = parseListenAddress(typeof u === 'string' ? u : '');
    return E.isRight(parsed) ? t.success(parsed.right) : t.failure(u, context, parsed.left);
  },
  ({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`,
);
