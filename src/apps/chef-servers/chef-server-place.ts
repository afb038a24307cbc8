/**
 * Where a stack's Chef server is: a chef-repo directory, or an organisation of a Chef Infra Server.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import type * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { boundedText, isRecord, refinedText } from '../../domain/decoding.ts';
import { boundedDuration, defaultedField, exactFields, optionField } from '../../domain/json-fields.ts';
import { MINUTE_MS, SECOND_MS } from '../../domain/time.ts';
import { isPath } from '../places/place.ts';

/** A Chef Infra Server, as it is configured. What its fields may hold beyond their form is its adapter's to know. */
export interface ChefInfraServerPlace {
  readonly url: string;
  readonly user: string;
  /** The file of its private key. */
  readonly key: string;
  readonly sign: '1.1' | '1.3';
  /** A file of certificates. */
  readonly ca: O.Option<string>;
  /** In milliseconds. */
  readonly deadline: number;
  readonly check_dependencies: boolean;
}

/** Where a stack's Chef server is. */
export type ChefServerPlace =
  | { readonly _tag: 'ChefRepo'; readonly path: string }
  | { readonly _tag: 'ChefInfraServer'; readonly server: ChefInfraServerPlace };

/** What a person who reads the configuration has to be told. */
const EXPECTED = 'the path of a chef-repo directory, or {url, user, key} of a Chef Infra Server';

const FilePath = refinedText<string>('path', 'a path or file: URL', isPath);
const Text = boundedText('text', 1_024);

const SignField = refinedText<'1.1' | '1.3'>('signature', '"1.3" or "1.1"', (text) => text === '1.3' || text === '1.1');

/** A key that somebody put in the place of its path is refused without being repeated. */
const KeyPath = new t.Type<string, string>(
  'key file',
  FilePath.is,
  (u, context) =>
    typeof u === 'string' && /-----BEGIN|\n/.test(u)
      ? t.failure('the key itself', context, 'the path of a file that holds the key')
      : FilePath.validate(u, context),
  t.identity,
);

const Server: t.Type<ChefInfraServerPlace, object> = exactFields('Chef Infra Server', {
  url: Text,
  user: Text,
  key: KeyPath,
  sign: defaultedField(SignField, '1.3'),
  ca: optionField(FilePath),
  deadline: defaultedField(boundedDuration(SECOND_MS, 10 * MINUTE_MS), 30 * SECOND_MS),
  check_dependencies: defaultedField(t.boolean, false),
});

/** Reads and writes a {@link ChefServerPlace}: text, or an object. */
export const ChefServerPlace: t.Type<ChefServerPlace, string | object> = new t.Type<ChefServerPlace, string | object>(
  'Chef server',
  (u): u is ChefServerPlace => typeof u === 'object' && u !== null && '_tag' in u,
  (u, context) => {
    if (isRecord(u)) {
      return E.map((server: ChefInfraServerPlace): ChefServerPlace => ({ _tag: 'ChefInfraServer', server }))(
        Server.validate(u, context),
      );
    }
    return typeof u === 'string' && isPath(u)
      ? t.success({ _tag: 'ChefRepo', path: u })
      : t.failure(u, context, EXPECTED);
  },
  (place) => (place._tag === 'ChefRepo' ? place.path : Server.encode(place.server)),
);
