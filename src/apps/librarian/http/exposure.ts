/**
 * Who can reach the service, and what has to be configured before others than this machine can.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import { formatListenAddress, isLoopback, type ListenAddress } from '../../listen-address.ts';

/** The parts of the configuration that say who can reach the service, and how it protects itself. */
export interface Exposure {
  readonly listen: ListenAddress;
  readonly auth: O.Option<unknown>;
  readonly tls: O.Option<unknown>;
  readonly behind_proxy: boolean;
}

/**
 * What speaks against listening so, in one line; nothing where all is well. Nobody is asked who they are on this machine;
 * everywhere else they are, and their tokens travel encrypted. A proxy in front lets others reach this machine too.
 */
export const exposureFault = ({ listen, auth, tls, behind_proxy: isBehindProxy }: Exposure): string | undefined => {
  const isHere = isLoopback(listen.host);
  if (O.isNone(auth) && !isHere) {
    return `listen: expected an address of this machine, such as 127.0.0.1:8470, got ${formatListenAddress(listen)}; to listen elsewhere configure auth`;
  }
  if (O.isNone(auth) && isBehindProxy) {
    return 'behind_proxy: expected auth beside it, since whoever reaches the proxy reaches the service';
  }
  return isHere || O.isSome(tls) || isBehindProxy
    ? undefined
    : `listen: expected tls for ${formatListenAddress(listen)}, since tokens would travel in the clear; or behind_proxy: true where a proxy speaks TLS`;
};
