/**
 * What goes wrong, at one moment, for those that share something.
 *
 * @module
 */
import type { StackName } from '../../domain/names.ts';
import type { BusMode } from './place.ts';
import type { FaultSpan } from './shared-faults.ts';

/** What goes wrong for the Librarian at present. */
export interface Weather {
  readonly storeDown: boolean;
  readonly auditUnwritable: boolean;
  readonly librarianDown: boolean;
  readonly librarianKilled: boolean;
  readonly pinsRefused: ReadonlySet<StackName>;
  readonly serversDown: ReadonlySet<StackName>;
}

const hasKind = (spans: readonly FaultSpan[], kind: FaultSpan['kind']): boolean =>
  spans.some((span) => span.kind === kind);

/** The weather while just these faults last, for a plan on these stacks. */
export const weatherUnder = (spans: readonly FaultSpan[], stacks: readonly StackName[]): Weather => {
  const stacksUnder = (kind: FaultSpan['kind']): ReadonlySet<StackName> =>
    new Set(spans.filter((span) => span.kind === kind).flatMap(({ on }) => on.stacks ?? stacks));
  return {
    storeDown: hasKind(spans, 'store-down'),
    auditUnwritable: hasKind(spans, 'audit-unwritable'),
    librarianDown: hasKind(spans, 'librarian-down'),
    librarianKilled: hasKind(spans, 'librarian-killed'),
    pinsRefused: stacksUnder('pins-refused'),
    serversDown: stacksUnder('chef-server-down'),
  };
};

/** What the bus does with looks at a key that just these faults strike: of several, the worst. */
export const busModeUnder = (spans: readonly FaultSpan[]): BusMode => {
  if (hasKind(spans, 'bus-down')) return 'down';
  if (hasKind(spans, 'bus-denied')) return 'denied';
  if (hasKind(spans, 'bus-garbled')) return 'garbled';
  return hasKind(spans, 'bus-replaying') ? 'replaying' : 'well';
};

/** Whether writes to a key that just these faults strike land without an answer. */
export const areAnswersLostUnder = (spans: readonly FaultSpan[]): boolean => hasKind(spans, 'bus-answers-lost');

/** A fault in one line for people. */
export const labelOfFault = ({ kind, on }: FaultSpan): string =>
  [kind, ...(on.stacks ?? []), ...(on.environments ?? [])].join(' ');
