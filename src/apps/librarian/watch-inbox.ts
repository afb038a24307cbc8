/**
 * Watching an inbox: what appears there whole is taken in once, and uploaded to every stack until each of them has it. What
 * is bad is refused once; what fails is tried again; neither keeps the others waiting.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { decideInbox, type InboxDecision, type InboxItem, type InboxStep, type InboxView } from '../../domain/inbox.ts';
import {
  claimEntry,
  claimUploads,
  concludeTaking,
  concludeUpload,
  decodeInboxRecord,
  EMPTY_INBOX_RECORD,
  encodeInboxRecord,
  forgetGone,
  INBOX_ENTRIES_MAX,
  type InboxRecord,
} from '../../domain/inbox-record.ts';
import type { StackName, Version } from '../../domain/names.ts';
import { earlier, type EpochMs, plus } from '../../domain/time.ts';
import type { ArtifactInbox } from '../../ports/artifact-inbox.ts';
import { type Failure, formatFailure } from '../failure.ts';
import { uploadTo } from './add-artifact.ts';
import { changeDocument, type DocumentForm } from './change-document.ts';
import { inFlight } from './in-flight.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { takeIn } from './take-in.ts';

/** How an inbox is watched. */
export interface InboxWatch {
  readonly inbox: ArtifactInbox;
  readonly everyMs: number;
  /** Names this Librarian among those that watch the same inbox. */
  readonly holder: string;
}

const formOf = ({ plan }: LibrarianPorts): DocumentForm<InboxRecord> => ({
  key: `inbox/${plan.name}.json`,
  empty: EMPTY_INBOX_RECORD,
  decode: decodeInboxRecord,
  encode: encodeInboxRecord,
});

const NOTHING: InboxDecision = { steps: [], wakeAt: O.none };

const isStillDue = (view: InboxView, item: InboxItem): boolean =>
  decideInbox({ ...view, items: [item] }).steps.some(({ _tag }) => _tag === 'Take');

/** Logs what is in the way, each of its kinds once until it changes. */
const teller = ({ log }: LibrarianPorts): ((kind: string, found: string | undefined) => void) => {
  const told = new Map<string, string | undefined>();
  return (kind, found) => {
    if (found !== undefined && found !== told.get(kind)) log('error', 'the inbox cannot be watched', { detail: found });
    told.set(kind, found);
  };
};

/** Changes the record that all Librarians of the plan share; the answer is what it is then. */
const changeRecord = (
  ports: LibrarianPorts,
  change: (record: InboxRecord) => InboxRecord,
): Promise<E.Either<Failure, InboxRecord>> =>
  changeDocument(ports.state)(formOf(ports), (record) => {
    const value = change(record);
    return { value, result: value };
  })();

/** Watches until `abort`; what has begun is finished before it resolves. Never rejects. */
export const watchInbox =
  (ports: LibrarianPorts) =>
  async ({ inbox, everyMs, holder }: InboxWatch, abort: AbortSignal): Promise<void> => {
    const work = inFlight();
    const busy = new Set<StackName>();
    const tell = teller(ports);
    let isTaking = false;
    let items: readonly InboxItem[] = [];
    let before: ReadonlyMap<string, string> = new Map();
    let lookAt = ports.clock.now();
    /** The record could not be read or written: nothing is begun before the next look. */
    let isStalled = false;
    let wake = new AbortController();

    const now = (): EpochMs => ports.clock.now();
    const isOver = (): boolean => abort.aborted;
    const viewOf = (record: InboxRecord): InboxView => ({
      items,
      before,
      record,
      me: holder,
      isTaking,
      busy,
      now: now(),
    });

    const change = async (next: (record: InboxRecord) => InboxRecord): Promise<InboxRecord | undefined> => {
      const changed = await changeRecord(ports, next);
      tell('record', E.isLeft(changed) ? formatFailure(changed.left) : undefined);
      if (E.isRight(changed)) return changed.right;
      isStalled = true;
      return undefined;
    };

    const look = async (): Promise<void> => {
      isStalled = false;
      lookAt = plus(now(), everyMs);
      const listing = await inbox.list();
      tell('inbox', listing._tag === 'Unavailable' ? listing.detail : undefined);
      if (listing._tag === 'Unavailable') return;
      const { length } = listing.tarballs;
      const tooMany = `expected at most ${INBOX_ENTRIES_MAX} tarballs, got ${length}; remove those that were taken in`;
      tell('size', length > INBOX_ENTRIES_MAX ? tooMany : undefined);
      before = new Map(items.map(({ name, revision }) => [name, revision]));
      items = listing.tarballs.slice(0, INBOX_ENTRIES_MAX);
      const names = new Set(items.map(({ name }) => name));
      await change((record) => forgetGone(record, names, ports.plan.stacks));
    };

    const take = async (item: InboxItem): Promise<void> => {
      const claimed = await change((record) =>
        isStillDue({ ...viewOf(record), isTaking: false }, item) ? claimEntry(record, item, holder, now()) : record,
      );
      const outcome = claimed?.entries.get(item.name)?.outcome;
      if (outcome?._tag !== 'Claimed' || outcome.holder !== holder) return;
      const end = await takeIn(ports, inbox, item);
      // The next look shows what is there by now.
      if (end === undefined) items = items.filter((one) => one !== item);
      else await change((record) => concludeTaking(record, item, end, holder, now()));
    };

    const upload = async (version: Version, stack: StackName): Promise<void> => {
      const claimed = await change((record) => claimUploads(record, version, holder, now()));
      if (claimed?.uploads.get(version)?.stacks.has(stack) !== true) return;
      const trouble = await uploadTo(ports)(version, stack);
      if (trouble === undefined) ports.log('info', 'artifact uploaded', { version, stack });
      await change((record) => concludeUpload(record, version, stack, trouble === undefined, now()));
    };

    const begin = (step: InboxStep): void => {
      if (step._tag === 'Take') isTaking = true;
      else busy.add(step.stack);
      const run = step._tag === 'Take' ? take(step.item) : upload(step.version, step.stack);
      void work.track(
        run
          .catch((defect: unknown) => {
            isStalled = true;
            ports.log('error', 'the inbox met a defect', { detail: String(defect) });
          })
          .finally(() => {
            if (step._tag === 'Take') isTaking = false;
            else busy.delete(step.stack);
            wake.abort();
          }),
      );
    };

    const decide = async (): Promise<InboxDecision> => {
      const record = isStalled ? undefined : await change((unchanged) => unchanged);
      return record === undefined ? NOTHING : decideInbox(viewOf(record));
    };

    while (!isOver()) {
      wake = new AbortController();
      // A wait that is longer than any was computed by another clock.
      if (now() >= lookAt || lookAt > plus(now(), everyMs)) await look();
      const { steps, wakeAt } = await decide();
      if (isOver()) break;
      steps.forEach(begin);
      const until = O.isSome(wakeAt) ? earlier(lookAt, wakeAt.value) : lookAt;
      await ports.clock.sleepUntil(until, AbortSignal.any([abort, wake.signal]));
    }
    await work.settled();
  };
