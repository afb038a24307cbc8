/**
 * Idempotency keys: a client that does not know whether its request arrived sends it again under the same key, and it is
 * done once. What was answered is kept for a day in the state store, where every Librarian sees it.
 *
 * @module
 */
import { createHash, randomUUID } from 'node:crypto';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type * as TE from 'fp-ts/lib/TaskEither.js';
import * as t from 'io-ts';
import { boundedInteger, decodeJsonWith, refinedText } from '../../../domain/decoding.ts';
import { InstantField, mapField, optionField, presentField } from '../../../domain/json-fields.ts';
import { DAY_MS, type EpochMs, MINUTE_MS, plus } from '../../../domain/time.ts';
import { type Failure, formatFailure } from '../../failure.ts';
import { changeDocument, type DocumentForm } from '../change-document.ts';
import type { LibrarianPorts } from '../librarian-ports.ts';
import type { Answer } from './answer.ts';
import { failureProblem, problem } from './problem.ts';
import { shape } from './shape.ts';

/** The `Idempotency-Key` of a request. */
export const idempotencyKey = shape(
  refinedText<string>('Idempotency-Key', '1 to 255 visible characters', (text) => /^[!-~]{1,255}$/.test(text)),
  {
    type: 'string',
    pattern: '^[!-~]{1,255}$',
    description: 'The same request under the same key is done once within 24 h, and answered alike.',
  },
);

/** So long a key stands for its request, in milliseconds. */
export const KEPT_MS = DAY_MS;
/**
 * After so long a request that was begun and never answered is taken to have died with its Librarian, in milliseconds. It
 * is then begun again, which harms nothing: what is done already is not done twice (law L8).
 */
export const UNDER_WAY_MS_MAX = 15 * MINUTE_MS;

/** A longer answer is not kept: its request is done again instead, which is harmless. */
const ANSWER_LENGTH_MAX = 64 * 1024;
/** Keys are spread over 256 documents, so that neither their number nor the size of one grows without end … */
const SLOT_LENGTH = 2;
/** … for which each takes so many keys a day: with the longest answers they stay below what a state store holds. */
const SLOT_ENTRIES_MAX = 200;

interface Entry {
  readonly at: EpochMs;
  /** Tells two claims apart that are the same in all else. */
  readonly claim: string;
  /** None: the body is still streaming in. */
  readonly digest: O.Option<string>;
  /** None: under way. */
  readonly answer: O.Option<Answer>;
}

type Slot = ReadonlyMap<string, Entry>;

const Sha256 = refinedText<string>('sha256', '64 hexadecimal digits', (text) => /^[0-9a-f]{64}$/.test(text));

const Document = t.type(
  {
    schema: t.literal(1),
    entries: presentField(
      mapField(
        Sha256,
        t.type({
          at: InstantField,
          claim: t.string,
          digest: optionField(Sha256),
          answer: optionField(
            t.type({
              status: boundedInteger('status', 100, 599),
              type: t.string,
              headers: t.record(t.string, t.string),
              body: t.string,
            }),
          ),
        }),
      ),
    ),
  },
  'idempotency keys',
);

const slotForm = ({ plan }: Pick<LibrarianPorts, 'plan'>, hash: string): DocumentForm<Slot> => ({
  key: `idempotency/${plan.name}/${hash.slice(0, SLOT_LENGTH)}.json`,
  empty: new Map(),
  decode: (text) => E.map(({ entries }: t.TypeOf<typeof Document>): Slot => entries)(decodeJsonWith(Document)(text)),
  encode: (entries) => `${JSON.stringify(Document.encode({ schema: 1, entries: new Map(entries) }))}\n`,
});

type KeyPorts = Pick<LibrarianPorts, 'plan' | 'state' | 'clock' | 'log'>;

const isSpent = ({ at, answer }: Entry, now: EpochMs): boolean =>
  now >= plus(at, O.isSome(answer) ? KEPT_MS : UNDER_WAY_MS_MAX);

type Claim =
  /** The request is this one's to do. */
  | { readonly _tag: 'Ours'; readonly claim: string }
  /** Somebody is doing it, or something else, under this key. */
  | { readonly _tag: 'UnderWay'; readonly digest: O.Option<string> }
  | { readonly _tag: 'Answered'; readonly digest: O.Option<string>; readonly answer: Answer }
  | { readonly _tag: 'Full' };

const claimKey = (ports: KeyPorts, hash: string, digest: O.Option<string>): TE.TaskEither<Failure, Claim> => {
  const claim = randomUUID();
  return changeDocument(ports.state)<Slot, Claim>(slotForm(ports, hash), (entries) => {
    const now = ports.clock.now();
    const found = entries.get(hash);
    if (found !== undefined && !isSpent(found, now)) {
      if (found.claim === claim) return { value: entries, result: { _tag: 'Ours', claim } };
      const result: Claim = O.isSome(found.answer)
        ? { _tag: 'Answered', digest: found.digest, answer: found.answer.value }
        : { _tag: 'UnderWay', digest: found.digest };
      return { value: entries, result };
    }
    const left = [...entries].filter(([key, entry]) => key !== hash && !isSpent(entry, now));
    if (left.length >= SLOT_ENTRIES_MAX) return { value: entries, result: { _tag: 'Full' } };
    const begun: Entry = { at: now, claim, digest, answer: O.none };
    return { value: new Map([...left, [hash, begun]]), result: { _tag: 'Ours', claim } };
  });
};

/** Keeps what became of a claim, or lets go of it where nothing did. What happened has happened: a failure is logged. */
const settle = async (
  ports: KeyPorts,
  hash: string,
  claim: string,
  digest: O.Option<string>,
  answer: O.Option<Answer>,
): Promise<void> => {
  const settled = await changeDocument(ports.state)<Slot, undefined>(slotForm(ports, hash), (entries) => {
    const found = entries.get(hash);
    if (found?.claim !== claim) return { value: entries, result: undefined };
    const others = [...entries].filter(([key]) => key !== hash);
    const value: Slot = O.isSome(answer) ? new Map([...others, [hash, { ...found, digest, answer }]]) : new Map(others);
    return { value, result: undefined };
  })();
  if (E.isLeft(settled)) {
    ports.log('error', 'an answer could not be kept under its idempotency key', {
      detail: formatFailure(settled.left),
    });
  }
};

/** What tells two requests under one key apart. */
export interface Fingerprint {
  /** The digest, where it is known before the request is done. */
  readonly atOnce: O.Option<string>;
  /** The digest when the request has been done; none where its body was not read to its end. */
  readonly atLast: () => O.Option<string>;
  /** The digest of a request that is not going to be done. */
  readonly inVain: () => Promise<O.Option<string>>;
}

const sha256 = (...parts: readonly string[]): string => createHash('sha256').update(parts.join('\0')).digest('hex');

/** The fingerprint of a request whose body is a document. */
export const documentFingerprint = (target: string, body: string): Fingerprint => {
  const digest = O.some(sha256(target, body));
  return { atOnce: digest, atLast: () => digest, inVain: async () => digest };
};

/** A stream, and the fingerprint of the request that it is the body of. */
export interface StreamedFingerprint {
  readonly stream: AsyncIterable<Uint8Array>;
  readonly fingerprint: Fingerprint;
}

/** The fingerprint of a request whose body streams: known once it has. */
export const streamFingerprint = (target: string, body: AsyncIterable<Uint8Array>): StreamedFingerprint => {
  const hash = createHash('sha256').update(`${target}\0`);
  let digest: O.Option<string> = O.none;
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      hash.update(piece);
      yield piece;
    }
    digest = O.some(hash.digest('hex'));
  }
  const stream = hashed();
  const inVain = async (): Promise<O.Option<string>> => {
    while ((await stream.next()).done !== true);
    return digest;
  };
  return { stream, fingerprint: { atOnce: O.none, atLast: () => digest, inVain } };
};

const isOther = (kept: O.Option<string>, ours: O.Option<string>): boolean =>
  O.isSome(kept) && O.isSome(ours) && kept.value !== ours.value;

const reused = (): Answer =>
  problem('KeyReused', 'Idempotency-Key: it stands for another request; choose a new one for this');

/**
 * Does `work` once for each `key` of each `subject`, and answers alike when it is asked again: a request that is under way
 * is refused, and so is another one under the same key. What failed on our side is not kept, since to try it again is right.
 */
export const doneOnce = async (
  ports: KeyPorts,
  subject: string,
  key: string,
  fingerprint: Fingerprint,
  work: () => Promise<Answer>,
): Promise<Answer> => {
  const hash = sha256(subject, key);
  const claimed = await claimKey(ports, hash, fingerprint.atOnce)();
  if (E.isLeft(claimed)) return failureProblem(claimed.left);
  const claim = claimed.right;
  switch (claim._tag) {
    case 'Full':
      return problem(
        'TryAgain',
        'Idempotency-Key: too many keys are kept already; leave it out, or try again tomorrow',
      );
    case 'UnderWay':
      return isOther(claim.digest, fingerprint.atOnce)
        ? reused()
        : problem('UnderWay', 'Idempotency-Key: the request is under way; ask again for its answer');
    case 'Answered':
      return isOther(claim.digest, await fingerprint.inVain())
        ? reused()
        : { ...claim.answer, headers: { ...claim.answer.headers, 'idempotency-replayed': 'true' } };
    case 'Ours': {
      let answer: O.Option<Answer> = O.none;
      try {
        const done = await work();
        const isKept = done.status < 500 && done.body.length <= ANSWER_LENGTH_MAX && O.isSome(fingerprint.atLast());
        if (isKept) answer = O.some(done);
        return done;
      } finally {
        await settle(ports, hash, claim.claim, fingerprint.atLast(), answer);
      }
    }
  }
};
