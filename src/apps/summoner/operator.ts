/**
 * People on the node, who ask its Summoner for something: by requests that they leave, and by a signal to the process.
 *
 * What is asked is heard once, taken into the state, and let go of when the state is on the disk. Killed in between, the
 * next agent hears it again, which changes nothing, or costs one run more (law N8).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { formatFieldErrors } from '../../domain/decoding.ts';
import { type Asked, askedBy, decodeNodeRequest, type NodeRequest, NOTHING_ASKED } from '../../domain/node-request.ts';
import { type EpochMs, formatInstant } from '../../domain/time.ts';
import type { Log } from '../log.ts';

/** The requests that people leave. Never rejects. */
export interface RequestInbox {
  /**
   * Reads requests that lie there, the oldest first, but those of the names `known`. It need not read all of them at once:
   * none is left when it reads none.
   */
  readonly look: (
    known?: ReadonlySet<string>,
  ) => Promise<
    | { readonly _tag: 'Read'; readonly requests: readonly InboxRequest[] }
    | { readonly _tag: 'Unreadable'; readonly detail: string }
  >;
  /** Removes a request; answers why that failed. */
  readonly remove: (name: string) => Promise<string | undefined>;
}

/** A request that was left, or why it is not to be trusted. */
export type InboxRequest =
  | { readonly _tag: 'Found'; readonly name: string; readonly body: string }
  | { readonly _tag: 'Refused'; readonly name: string; readonly detail: string };

/** What the agent hears of the people on its node. Never rejects. */
export interface Operator {
  /** All that is asked and was not heard yet; it counts as heard now. */
  readonly hear: (now: EpochMs) => Promise<Asked>;
  /** What was heard is stored: it is let go of. */
  readonly settle: () => Promise<void>;
  /** What was heard went into a state that is void: it counts as not heard. */
  readonly repeat: () => void;
  /** Somebody asks for a run by a signal to this process. */
  readonly askRunNow: () => void;
}

const decoded = (request: InboxRequest): E.Either<string, NodeRequest> =>
  request._tag === 'Refused' ? E.left(request.detail) : E.mapLeft(formatFieldErrors)(decodeNodeRequest(request.body));

const entryOf = ({ ask, by, reason: why }: NodeRequest): Readonly<Record<string, unknown>> => {
  if (ask._tag !== 'Disable') return { by, ...(O.isSome(why) ? { reason: why.value } : {}) };
  const { reason, owner, until, floorToo } = ask.disabling;
  return { by, reason, owner, until: formatInstant(until), floor_too: floorToo };
};

/** What was asked `before`, and `then`. */
const together = (before: Asked, then: Asked): Asked => {
  if (before === NOTHING_ASKED) return then;
  return { switched: O.isSome(then.switched) ? then.switched : before.switched, runNow: before.runNow || then.runNow };
};

/** Hears what lies in `inbox`. */
export const operatorOf = (inbox: RequestInbox, log: Log): Operator => {
  let heard = new Set<string>();
  /** Those that could not be removed, of which it has been told. */
  const stuck = new Set<string>();
  let isRunNowAsked = false;
  let isRunNowHeard = false;
  let trouble = '';

  const complain = (detail: string): void => {
    if (detail !== trouble && detail !== '') log('error', 'requests of people on this node are not heard', { detail });
    trouble = detail;
  };

  /** One that is none is let go of with the others: nobody would ever take it in. */
  const requestIn = (request: InboxRequest): readonly NodeRequest[] => {
    heard.add(request.name);
    const read = decoded(request);
    if (E.isLeft(read)) {
      log('warn', 'a request on this node is none', { request: request.name, detail: read.left });
      return [];
    }
    log('info', 'asked by a person on this node', { ask: read.right.ask._tag, ...entryOf(read.right) });
    return [read.right];
  };

  /** Takes in all that lies there: the last may be what forbids the first (law N10). Only some of it is read at once. */
  const hearAll = async (now: EpochMs): Promise<Asked> => {
    let asked = NOTHING_ASKED;
    for (;;) {
      const reading = await inbox.look(heard);
      complain(reading._tag === 'Unreadable' ? reading.detail : '');
      const fresh = reading._tag === 'Read' ? reading.requests.filter(({ name }) => !heard.has(name)) : [];
      if (fresh.length === 0) return asked;
      asked = together(asked, askedBy(fresh.flatMap(requestIn), now));
    }
  };

  return {
    hear: async (now) => {
      const asked = await hearAll(now);
      const runNow = asked.runNow || isRunNowAsked;
      isRunNowHeard ||= isRunNowAsked;
      isRunNowAsked = false;
      return runNow === asked.runNow ? asked : { ...asked, runNow };
    },
    settle: async () => {
      isRunNowHeard = false;
      const failures: { readonly request: string; readonly detail: string }[] = [];
      for (const name of heard) {
        const detail = await inbox.remove(name);
        if (detail === undefined) {
          heard.delete(name);
          stuck.delete(name);
        } else if (!stuck.has(name)) {
          stuck.add(name);
          failures.push({ request: name, detail });
        }
      }
      const [first] = failures;
      if (first === undefined) return;
      log(
        'error',
        'requests that were heard cannot be removed; remove them by hand, or the next agent hears them again',
        {
          requests: failures.length,
          ...first,
        },
      );
    },
    repeat: () => {
      heard = new Set();
      isRunNowAsked ||= isRunNowHeard;
      isRunNowHeard = false;
    },
    askRunNow: () => {
      isRunNowAsked = true;
    },
  };
};
