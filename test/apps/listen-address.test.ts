import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { formatListenAddress, isLoopback, parseListenAddress } from '../../src/apps/listen-address.ts';

describe('an address to listen on', () => {
  it.each(['localhost:99999', '127.0.0.1', '::1:80', ':80', '[::1]', 'a b:80', 'host:', '[host]:80'])(
    'is not %s',
    (text) => {
      expect(parseListenAddress(text)).toMatchObject({ _tag: 'Left' });
    },
  );

  it.each([
    ['[::1]:80', '::1', 80],
    ['0.0.0.0:0', '0.0.0.0', 0],
    ['librarian.example.com:65535', 'librarian.example.com', 65_535],
  ])('is %s, and is written so', (text, host, port) => {
    expect(parseListenAddress(text)).toEqual(E.right({ host, port }));
    expect(formatListenAddress({ host, port })).toBe(text);
  });

  it('is of this machine, or not', () => {
    expect(['127.0.0.1', '127.1.2.3', 'localhost', '::1', '[::1]'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '127.0.0.1.example.com', '10.0.0.1', '::'].some(isLoopback)).toBe(false);
  });
});
