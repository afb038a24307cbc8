/**
 * Taking in one tarball of an inbox: stored, or refused for good, or to be tried again.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import type { InboxItem } from '../../domain/inbox.ts';
import type { TakingEnd } from '../../domain/inbox-record.ts';
import { noticeText } from '../../domain/notification.ts';
import type { ArtifactInbox } from '../../ports/artifact-inbox.ts';
import { formatFailure } from '../failure.ts';
import { storeArtifact } from './add-artifact.ts';
import { recordIntent } from './audit.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { tellOf } from './notices.ts';

/** Who the audit trail says takes tarballs in. */
const WHO = 'inbox';

/** A refusal counts once it is in the audit trail (law L5). */
const refuse = async (ports: LibrarianPorts, { name, revision }: InboxItem, reason: string): Promise<TakingEnd> => {
  const entry = { who: WHO, what: 'refuse artifact', why: reason, details: { name, revision } };
  const written = await recordIntent(ports)(entry)();
  if (E.isLeft(written)) {
    ports.log('error', 'a refusal cannot be recorded', { name, detail: formatFailure(written.left) });
    return { _tag: 'Failed' };
  }
  ports.log('error', 'artifact refused', { name, detail: reason });
  const data = { name: noticeText(name), reason: noticeText(reason) };
  await tellOf(ports, { type: 'artifact.refused', data }, written.right);
  return { _tag: 'Refused', reason };
};

/** Takes one tarball in, and uploads it nowhere; nothing when it has changed meanwhile. */
export const takeIn = async (
  ports: LibrarianPorts,
  inbox: ArtifactInbox,
  item: InboxItem,
): Promise<TakingEnd | undefined> => {
  const { name, revision } = item;
  const failed = (detail: string): TakingEnd => {
    ports.log('warn', 'an artifact cannot be taken in now', { name, detail });
    return { _tag: 'Failed' };
  };
  const opened = await inbox.open(name, revision);
  switch (opened._tag) {
    case 'Changed':
      return undefined;
    case 'Refused':
      return refuse(ports, item, opened.detail);
    case 'Unavailable':
      return failed(opened.detail);
    case 'Opened':
      break;
  }
  const stored = await storeArtifact(ports)(opened.tarball, { who: WHO, why: `arrived as ${name}` })();
  if (E.isRight(stored)) {
    return { _tag: 'Taken', version: stored.right.record.version, stacks: ports.plan.stacks };
  }
  const detail = formatFailure(stored.left);
  return stored.left._tag === 'BadData' || stored.left._tag === 'Refused'
    ? refuse(ports, item, detail)
    : failed(detail);
};
