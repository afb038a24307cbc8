import type { SummonerPolicy } from '../../domain/summoner.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RequestInbox } from '../summoner/operator.ts';

/** What one look at a file of the node showed. */
export type FileReading =
  | { readonly _tag: 'Found'; readonly text: string }
  | { readonly _tag: 'Missing' }
  /** It is there, and this user may not read it. */
  | { readonly _tag: 'NotPermitted'; readonly detail: string }
  | { readonly _tag: 'Unavailable'; readonly detail: string };

/** How leaving a request ended. */
export type RequestLeft =
  | { readonly _tag: 'Left'; readonly name: string }
  | { readonly _tag: 'NotPermitted'; readonly detail: string }
  | { readonly _tag: 'Failed'; readonly detail: string };

/** Everything that the commands for a node touch. Nothing of it rejects. */
export interface NodePorts {
  readonly clock: Clock;
  readonly policy: SummonerPolicy;
  readonly readState: () => Promise<FileReading>;
  readonly readStatus: () => Promise<FileReading>;
  /** Whether the process that called itself so has ended; nothing when nobody here can tell. */
  readonly isGone: (writer: string) => Promise<boolean | undefined>;
  readonly requests: Pick<RequestInbox, 'look'> & {
    /** Leaves a request that was made at that instant. */
    readonly put: (body: string, atMs: number) => Promise<RequestLeft>;
    readonly isThere: (name: string) => Promise<boolean>;
  };
}
