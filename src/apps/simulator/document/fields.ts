/**
 * The fields that all parts of a scenario document are made of.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { boundedInteger, type DocumentFault, fields, isRecord } from '../../../domain/decoding.ts';
import { boundedDuration } from '../../../domain/json-fields.ts';
import { SPLAY_SECONDS_MAX } from '../../../domain/signal.ts';
import { DAY_MS, formatDuration, parseDuration, SECOND_MS } from '../../../domain/time.ts';
import { LASTS_MS_MAX } from '../scenario.ts';

/** `fields`, and no others: a field that nobody knows is one that somebody relies on. */
export const exactRecord = <R extends t.Props, P extends t.Props>(
  name: string,
  required: R,
  optional: P,
): t.Type<t.TypeOfProps<R> & t.TypeOfPartialProps<P>, t.OutputOfProps<R> & t.OutputOfPartialProps<P>> => {
  const record = fields(name, required, optional);
  const names = [...Object.keys(required), ...Object.keys(optional)];
  return new t.Type(
    name,
    (u): u is t.TypeOfProps<R> & t.TypeOfPartialProps<P> => record.is(u),
    (u, context) => {
      const decoded = record.validate(u, context);
      const unknown = (isRecord(u) ? Object.keys(u) : [])
        .filter((key) => !names.includes(key))
        .map((key): t.ValidationError => ({
          value: isRecord(u) ? u[key] : undefined,
          context: t.appendContext(context, key, t.unknown, isRecord(u) ? u[key] : undefined),
          message: `no field of this name; the fields are ${names.join(', ')}`,
        }));
      return unknown.length === 0 ? decoded : t.failures([...unknown, ...(E.isLeft(decoded) ? decoded.left : [])]);
    },
    (a) => record.encode(a),
  );
};

/** A list of at least one: one that names nothing means nothing, and its writer meant something. */
export const someOf = <A, J>(item: t.Type<A, J>): t.Type<readonly A[], readonly J[]> => {
  const list = t.readonlyArray(item);
  const expected = `a list of at least one ${item.name}`;
  return new t.Type<readonly A[], readonly J[]>(
    expected,
    (u): u is readonly A[] => list.is(u),
    (u, context) => (Array.isArray(u) && u.length > 0 ? list.validate(u, context) : t.failure(u, context, expected)),
    (as) => list.encode(as),
  );
};

/** A part of a whole, or a probability: 0 … 1. */
export const Share: t.Type<number> = (() => {
  const is = (u: unknown): u is number => typeof u === 'number' && u >= 0 && u <= 1 && !Object.is(u, -0);
  return new t.Type<number>(
    'share',
    is,
    (u, context) => (is(u) ? t.success(u) : t.failure(u, context, 'a share from 0 to 1')),
    t.identity,
  );
})();

/** From the start of the scenario. */
export const At: t.Type<number, string> = boundedDuration(0, LASTS_MS_MAX);

/** How long something lasts that does last. */
export const Lasting: t.Type<number, string> = boundedDuration(1, LASTS_MS_MAX);

/** How long a part of the fleet, or of what it shares, waits or works: a second … a day. */
export const Working: t.Type<number, string> = boundedDuration(SECOND_MS, DAY_MS);

/** A splay in seconds, as plans and signals have it. */
export const SplaySeconds: t.Type<number> = boundedInteger('splay in seconds', 0, SPLAY_SECONDS_MAX);

/** A duration of whole seconds, at least one; in memory in seconds. */
export const boundedSeconds = (maxSeconds: number): t.Type<number, string> => {
  const duration = boundedDuration(SECOND_MS, maxSeconds * SECOND_MS);
  return new t.Type<number, string>(
    'duration in whole seconds',
    (u): u is number => typeof u === 'number',
    (u, context) =>
      E.chain((ms: number) =>
        ms % SECOND_MS === 0 ? t.success(ms / SECOND_MS) : t.failure<number>(u, context, 'a duration of whole seconds'),
      )(duration.validate(u, context)),
    (seconds) => duration.encode(seconds * SECOND_MS),
  );
};

const STEP_MS_MAX = 365 * DAY_MS;

/** By how much a clock is set, such as `30m` or `-30m`. */
export const ClockStep: t.Type<number, string> = new t.Type<number, string>(
  'clock step',
  (u): u is number => typeof u === 'number',
  (u, context) => {
    const text = typeof u === 'string' ? u : '';
    const isBack = text.startsWith('-');
    const parsed = parseDuration(isBack ? text.slice(1) : text);
    return E.isRight(parsed) && parsed.right > 0 && parsed.right <= STEP_MS_MAX
      ? t.success(isBack ? -parsed.right : parsed.right)
      : t.failure(u, context, 'a step of at most 365d forward or back, such as 30m or -30m');
  },
  (ms) => `${ms < 0 ? '-' : ''}${formatDuration(Math.abs(ms))}`,
);

/** A place in a document. */
export type Path = readonly (string | number)[];

const NAMES_SHOWN_MAX = 20;

/** A fault where `name` is none of `known`. */
export const faultUnlessAmong = (path: Path, name: string, known: readonly string[]): readonly DocumentFault[] => {
  if (known.includes(name)) return [];
  const more = known.length > NAMES_SHOWN_MAX ? ` and ${known.length - NAMES_SHOWN_MAX} more` : '';
  const expected = `one of ${known.slice(0, NAMES_SHOWN_MAX).join(', ')}${more}`;
  return [{ path, value: name, expected: known.length === 0 ? 'nothing, for there is none to name' : expected }];
};

/** A fault for each of `names` that came before. */
export const faultsOfRepeats = (
  names: readonly { readonly path: Path; readonly name: string }[],
  expected: string,
): readonly DocumentFault[] => {
  const seen = new Set<string>();
  return names.flatMap(({ path, name }) => {
    if (seen.has(name)) return [{ path, value: name, expected }];
    seen.add(name);
    return [];
  });
};
