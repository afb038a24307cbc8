/**
 * The part of the configuration that says who is told of what happens.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as t from 'io-ts';
import { refinedText } from '../../domain/decoding.ts';
import { defaultedField, exactFields, listField, optionField } from '../../domain/json-fields.ts';
import { Slug } from '../../domain/names.ts';
import { NOTICE_TYPES, type NoticeType, NoticeTypeField } from '../../domain/notification.ts';
import { isLoopback } from '../listen-address.ts';

/** One receiver, as it is configured. */
export interface NotifySettings {
  /** What logs and metrics call it, since its URL may be a secret. */
  readonly name: Slug;
  readonly kind: 'webhook' | 'slack';
  /** This, or `url_file`. */
  readonly url: O.Option<string>;
  /** A file that holds the URL. */
  readonly url_file: O.Option<string>;
  /** A file that holds the secret that a webhook is signed with, `whsec_…`; none: it is not signed. */
  readonly secret_file: O.Option<string>;
  /** The kinds of events that it is given. */
  readonly events: readonly NoticeType[];
  /** Lets events leave this machine without TLS. */
  readonly allow_http: boolean;
}

/** So many receivers are told at most. */
export const NOTIFY_MAX = 16;

/** What is wrong with where events would go, without naming it; nothing: `https:`, or `http:` where that is allowed. */
export const urlFault = (url: string, mayBeHttp: boolean): string | undefined => {
  const expected = 'an https: URL, or with allow_http: true an http: one';
  if (!URL.canParse(url)) return expected;
  const { protocol, hostname } = new URL(url);
  const isFit = protocol === 'https:' || (protocol === 'http:' && (mayBeHttp || isLoopback(hostname)));
  return isFit ? undefined : expected;
};

const Path = refinedText<string>('path', 'the path of a file', ({ length }) => length > 0 && length <= 4096);

const Fields: t.Type<NotifySettings, object> = exactFields('receiver', {
  name: Slug,
  kind: refinedText<NotifySettings['kind']>(
    'kind',
    'webhook or slack',
    (text) => text === 'webhook' || text === 'slack',
  ),
  url: optionField(t.string),
  url_file: optionField(Path),
  secret_file: optionField(Path),
  events: defaultedField(t.readonlyArray(NoticeTypeField, 'a list of events'), NOTICE_TYPES),
  allow_http: defaultedField(t.boolean, false),
});

const faultOf = ({ kind, url, url_file: urlFile, secret_file: secretFile, allow_http: mayBeHttp }: NotifySettings) => {
  if (O.isSome(url) === O.isSome(urlFile)) return 'either url or url_file';
  if (kind === 'slack' && O.isSome(secretFile)) return 'no secret_file, since Slack checks no signature';
  const fault = O.isSome(url) ? urlFault(url.value, mayBeHttp) : undefined;
  return fault === undefined ? undefined : `url: ${fault}`;
};

const One: t.Type<NotifySettings, object> = new t.Type<NotifySettings, object>(
  'receiver',
  (u): u is NotifySettings => Fields.is(u),
  (u, context) =>
    E.chain((settings: NotifySettings) => {
      const fault = faultOf(settings);
      return fault === undefined ? t.success(settings) : t.failure<NotifySettings>(u, context, fault);
    })(Fields.validate(u, context)),
  (settings) => Fields.encode(settings),
);

const List = listField(One);

/** Reads and writes the receivers, each with a name of its own. */
export const NotifyField: t.Type<readonly NotifySettings[], readonly object[]> = new t.Type<
  readonly NotifySettings[],
  readonly object[]
>(
  'a list of receivers',
  List.is,
  (u, context) =>
    E.chain((receivers: readonly NotifySettings[]) => {
      const hasNames = new Set(receivers.map(({ name }) => name)).size === receivers.length;
      return hasNames && receivers.length <= NOTIFY_MAX
        ? t.success(receivers)
        : t.failure<readonly NotifySettings[]>(u, context, `at most ${NOTIFY_MAX} receivers with a name each`);
    })(List.validate(u, context)),
  List.encode,
);
