import type * as O from 'fp-ts/lib/Option.js';
import type { NodeName, StackName, ZoneId } from '../../domain/names.ts';
import type { ZoneMap } from '../../domain/zone-map.ts';
import type { Log } from '../log.ts';

/** How reading one of the two files ended. */
export type FileReading =
  | { readonly _tag: 'Found'; readonly text: string }
  | { readonly _tag: 'Missing' }
  /** There, but a link, a directory, too large, or out of reach. */
  | { readonly _tag: 'Unreadable'; readonly detail: string };

/** How a change of one of the two files ended. */
export type FileChange = { readonly _tag: 'Done' } | { readonly _tag: 'Failed'; readonly detail: string };

/** What bootstrap needs of the world. None of these ever rejects. */
export interface BootstrapDeps {
  /** Reads a file whole; a link is not followed. */
  readonly readFile: (path: string) => Promise<FileReading>;
  /** Writes a file whole or not at all, durably, making its directory where that is missing (law B4). */
  readonly writeFileAtomically: (path: string, text: string) => Promise<FileChange>;
  readonly log: Log;
  /** Removes a file; one that is not there is `Done`. */
  readonly removeFile: (path: string) => Promise<FileChange>;
}

/** Where the two files of an assignment lie. */
export interface BootstrapPaths {
  /** What the Summoner reads, and the commit point: `/etc/signalbox/node.json`. */
  readonly nodeFile: string;
  /** What chef-client reads: `/etc/chef/client.d/signalbox.rb`. */
  readonly dropIn: string;
}

/** The machine, and the map it is assigned by. */
export interface BootstrapOptions {
  readonly map: ZoneMap;
  readonly stack: StackName;
  readonly zone: ZoneId;
  readonly node: NodeName;
  readonly paths: BootstrapPaths;
  /** Answers what it would write, and writes nothing. */
  readonly isDry: boolean;
  /** Why a machine that is assigned otherwise is moved; none: it stays (law B3). */
  readonly reassign: O.Option<string>;
}
