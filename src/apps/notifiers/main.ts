/**
 * Picks the adapter of each receiver, and reads the secrets that it needs.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { slackNotifier, type WebhookSecret, webhookNotifier, webhookSecret } from '../../adapters/webhook/index.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Notifier } from '../../ports/notifier.ts';
import type { LoadedConfig } from '../cli/load.ts';
import { readPrivateFile } from '../cli/private-file.ts';
import { badData, type Failure } from '../failure.ts';
import type { NoticeTarget } from '../librarian/notice-settings.ts';
import { type NotifySettings, urlFault } from './notify-settings.ts';

const fault = ({ name }: NotifySettings, field: string, detail: string): E.Either<Failure, never> =>
  E.left(badData(`notify.${name}.${field}: ${detail}`));

const SECRET = '`whsec_` and 24 to 64 bytes as base64, such as of `echo whsec_$(openssl rand -base64 32)`';

const readSecret = async (
  settings: NotifySettings,
  field: 'url_file' | 'secret_file',
  path: string,
): Promise<E.Either<Failure, string>> => {
  const text = await readPrivateFile(path);
  return E.isRight(text) ? E.right(text.right.trim()) : fault(settings, field, text.left);
};

const urlOf = async (settings: NotifySettings, { pathOf }: LoadedConfig): Promise<E.Either<Failure, URL>> => {
  const { url, url_file: file, allow_http: mayBeHttp } = settings;
  const text = O.isSome(file)
    ? await readSecret(settings, 'url_file', pathOf(file.value))
    : E.right(O.getOrElse(() => '')(url));
  if (E.isLeft(text)) return text;
  const wrong = urlFault(text.right, mayBeHttp);
  return wrong === undefined ? E.right(new URL(text.right)) : fault(settings, 'url_file', `expected ${wrong}`);
};

const secretOf = async (
  settings: NotifySettings,
  { pathOf }: LoadedConfig,
): Promise<E.Either<Failure, WebhookSecret | undefined>> => {
  const { secret_file: file } = settings;
  if (O.isNone(file)) return E.right(undefined);
  const text = await readSecret(settings, 'secret_file', pathOf(file.value));
  if (E.isLeft(text)) return text;
  const secret = webhookSecret(text.right);
  return secret === undefined ? fault(settings, 'secret_file', `expected ${SECRET}`) : E.right(secret);
};

const notifierOf = async (
  settings: NotifySettings,
  loaded: LoadedConfig,
  { now }: Pick<Clock, 'now'>,
): Promise<E.Either<Failure, Notifier>> => {
  const url = await urlOf(settings, loaded);
  if (E.isLeft(url)) return url;
  if (settings.kind === 'slack') return E.right(slackNotifier({ url: url.right }));
  const secret = await secretOf(settings, loaded);
  if (E.isLeft(secret)) return secret;
  return E.right(
    webhookNotifier({ url: url.right, now, ...(secret.right === undefined ? {} : { secret: secret.right }) }),
  );
};

/** The receivers of the configuration. */
export const openNotifiers = async (
  loaded: LoadedConfig,
  clock: Pick<Clock, 'now'>,
): Promise<E.Either<Failure, readonly NoticeTarget[]>> => {
  const targets: NoticeTarget[] = [];
  for (const settings of loaded.config.notify) {
    const notifier = await notifierOf(settings, loaded, clock);
    if (E.isLeft(notifier)) return notifier;
    targets.push({ name: settings.name, events: new Set(settings.events), notifier: notifier.right });
  }
  return E.right(targets);
};
