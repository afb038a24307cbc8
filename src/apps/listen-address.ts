/**
 * Where the Librarian listens.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';

/** Whether `host` can be reached from this machine only: `localhost`, `127.0.0.0/8` or `::1`, which may stand in brackets. */
export const isLoopback = (host: string): boolean => /^(?:localhost|::1|\[::1\]|127(?:\.\d{1,3}){3})$/i.test(host);

/** An address to listen on. */
export interface ListenAddress {
  /** A name or an address, without brackets. */
  readonly host: string;
  /** 0 … 65 535; 0 lets the machine choose. */
  readonly port: number;
}

/** Where the service listens unless somebody says otherwise: on this machine only. */
export const LISTEN_DEFAULT: ListenAddress = { host: '127.0.0.1', port: 8470 };

const PORT_MAX = 65_535;

const EXPECTED = 'host:port, such as 127.0.0.1:8470 or [::]:8470';

/** Reads `host:port`, an IPv6 host in brackets; the error says what was expected. */
export const parseListenAddress = (text: string): E.Either<string, ListenAddress> => {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([A-Za-z0-9.-]{1,253})):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host !== undefined && port <= PORT_MAX ? E.right({ host, port }) : E.left(EXPECTED);
};

/** Writes an address in the form that {@link parseListenAddress} reads. */
export const formatListenAddress = ({ host, port }: ListenAddress): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Reads and writes a {@link ListenAddress}. */
export const ListenAddress: t.Type<ListenAddress, string> = new t.Type<ListenAddress, string>(
  'listen address',
  (u): u is ListenAddress => typeof u === 'object' && u !== null && 'host' in u && 'port' in u,
  (u, context) => {
    const parsed = parseListenAddress(typeof u === 'string' ? u : '');
    return E.isRight(parsed) ? t.success(parsed.right) : t.failure(u, context, parsed.left);
  },
  formatListenAddress,
);
