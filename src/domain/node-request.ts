/**
 * What a person on a node asks of its Summoner, as it lies in a file until the Summoner has taken it in: so it reaches one
 * that runs, and waits for one that does not.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { boundedInteger, boundedText, decodeJsonWith, type FieldError } from './decoding.ts';
import type { Disabling } from './disabling.ts';
import { defaultedField, InstantField, optionField } from './json-fields.ts';
import { DAY_MS, type EpochMs, plus } from './time.ts';

/** What is asked. */
export type NodeAsk =
  | { readonly _tag: 'Disable'; readonly disabling: Disabling }
  | { readonly _tag: 'Enable' }
  | { readonly _tag: 'RunNow' };

/** What is asked, by whom, and why. */
export interface NodeRequest {
  readonly ask: NodeAsk;
  readonly askedAt: EpochMs;
  readonly by: string;
  /** Why; a disabling has its own. */
  readonly reason: O.Option<string>;
}

/** The version of the document's form. */
export const NODE_REQUEST_SCHEMA = 1;

/** For so long a node is disabled at most, in milliseconds: 30 days. One that is forgotten for longer drifts. */
export const DISABLED_MS_MAX: number = 30 * DAY_MS;

/** A run that was asked for longer ago than this, in milliseconds, is one that nobody waits for any more: a day. */
export const RUN_NOW_MS_MAX: number = DAY_MS;

const AskName = t.keyof({ disable: null, enable: null, 'run-now': null }, '"disable", "enable" or "run-now"');

const NodeRequestFile = t.type({
  schema: boundedInteger('schema', 1, Number.MAX_SAFE_INTEGER),
  ask: AskName,
  asked: InstantField,
  by: boundedText('by', 256),
  reason: optionField(boundedText('reason', 1024)),
  owner: optionField(boundedText('owner', 256)),
  until: optionField(InstantField),
  floor_too: defaultedField(t.boolean, false),
});

type NodeRequestFile = t.TypeOf<typeof NodeRequestFile>;

const missing = (field: string): E.Either<readonly FieldError[], never> =>
  E.left([{ field, expected: 'a value, since the ask is disable', got: 'nothing' }]);

const disableOf = ({ reason, owner, until, floor_too }: NodeRequestFile): E.Either<readonly FieldError[], NodeAsk> => {
  if (O.isNone(reason)) return missing('reason');
  if (O.isNone(owner)) return missing('owner');
  if (O.isNone(until)) return missing('until');
  const disabling = { reason: reason.value, owner: owner.value, until: until.value, floorToo: floor_too };
  return E.right({ _tag: 'Disable', disabling });
};

const askOf = (file: NodeRequestFile): E.Either<readonly FieldError[], NodeAsk> => {
  switch (file.ask) {
    case 'disable':
      return disableOf(file);
    case 'enable':
      return E.right({ _tag: 'Enable' });
    case 'run-now':
      return E.right({ _tag: 'RunNow' });
  }
};

const decodeFile = decodeJsonWith(NodeRequestFile);

/** Reads a request. Fields that nobody knows are ignored; whatever else is wrong is an error that names the field. */
export const decodeNodeRequest = (text: string): E.Either<readonly FieldError[], NodeRequest> =>
  E.chain((file: NodeRequestFile) =>
    E.map((ask: NodeAsk): NodeRequest => ({
      ask,
      askedAt: file.asked,
      by: file.by,
      reason: ask._tag === 'Disable' ? O.none : file.reason,
    }))(askOf(file)),
  )(decodeFile(text));

/** Writes a request. */
export const encodeNodeRequest = ({ ask, askedAt, by, reason }: NodeRequest): string => {
  const disabling = ask._tag === 'Disable' ? O.some(ask.disabling) : O.none;
  const file = NodeRequestFile.encode({
    schema: NODE_REQUEST_SCHEMA,
    ask: ask._tag === 'Disable' ? 'disable' : ask._tag === 'Enable' ? 'enable' : 'run-now',
    asked: askedAt,
    by,
    reason: O.isSome(disabling) ? O.some(disabling.value.reason) : reason,
    owner: O.map(({ owner }: Disabling) => owner)(disabling),
    until: O.map(({ until }: Disabling) => until)(disabling),
    floor_too: O.isSome(disabling) && disabling.value.floorToo,
  });
  return `${JSON.stringify(file, null, 1)}\n`;
};

/** All that was asked since somebody looked, as one: of disabling and enabling only what was asked last. */
export interface Asked {
  /** How the node is to be from now on: none leaves it as it is, `Enable` ends a disabling. */
  readonly switched: O.Option<Exclude<NodeAsk, { _tag: 'RunNow' }>>;
  readonly runNow: boolean;
}

/** Nobody asked for anything. */
export const NOTHING_ASKED: Asked = { switched: O.none, runNow: false };

/**
 * A disabling that was asked for by a clock which is ahead of `now` lasts as long as it was meant to from now on, and
 * none lasts longer than {@link DISABLED_MS_MAX}.
 */
const withUntilMended = (disabling: Disabling, askedAt: EpochMs, now: EpochMs): Disabling => {
  const forMs = Math.min(disabling.until - askedAt, DISABLED_MS_MAX);
  const until = plus(askedAt > now ? now : askedAt, Math.max(forMs, 0));
  return until === disabling.until ? disabling : { ...disabling, until };
};

/**
 * What `requests` come to, the oldest first.
 *
 * @param now - the clock of who takes them in.
 */
export const askedBy = (requests: readonly NodeRequest[], now: EpochMs): Asked => {
  let asked = NOTHING_ASKED;
  for (const { ask, askedAt } of requests) {
    switch (ask._tag) {
      case 'Disable': {
        const disabling = withUntilMended(ask.disabling, askedAt, now);
        asked = { ...asked, switched: O.some({ _tag: 'Disable', disabling }) };
        break;
      }
      case 'Enable':
        asked = { ...asked, switched: O.some(ask) };
        break;
      case 'RunNow':
        if (now - askedAt <= RUN_NOW_MS_MAX) asked = { ...asked, runNow: true };
        break;
    }
  }
  return asked;
};
