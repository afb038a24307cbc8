/**
 * What the demo counted while it ran, and what that proves.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { NodeName } from '../../domain/names.ts';
import { runOutcomeOf } from '../../domain/run-outcome.ts';
import type { SummonerDecision } from '../../domain/summoner.ts';
import { type EpochMs, MINUTE_MS } from '../../domain/time.ts';
import type { EndedRun } from '../summoner/summoner-ports.ts';

/** The demo's figures. */
export interface Tally {
  readonly onDecision: (decision: SummonerDecision) => void;
  /** A look at the bus that showed what was known already. */
  readonly onUnchanged: () => void;
  readonly onRunEnded: (node: NodeName, run: EndedRun) => void;
  readonly onFallback: (node: NodeName, at: EpochMs) => void;
  readonly figures: (now: EpochMs) => Figures;
}

/** What was counted. Durations are in simulated milliseconds. */
export interface Figures {
  readonly runs: number;
  readonly failures: number;
  readonly fallbackRuns: number;
  readonly signalsAccepted: number;
  /** Looks at a signal that caused no run, since the node knew it already or was on its version. */
  readonly dedups: number;
  /** The most runs that started in one simulated minute. */
  readonly startPeak: number;
  /** The longest time any node went without a success. */
  readonly longestGapMs: number;
}

/** Begins to count. */
export const tally = (start: EpochMs): Tally => {
  const startsByMinute = new Map<number, number>();
  const lastSuccess = new Map<NodeName, EpochMs>();
  let runs = 0;
  let failures = 0;
  let fallbackRuns = 0;
  let signalsAccepted = 0;
  let dedups = 0;
  let longestGapMs = 0;

  const countStart = (at: EpochMs): void => {
    const minute = Math.floor(at / MINUTE_MS);
    startsByMinute.set(minute, (startsByMinute.get(minute) ?? 0) + 1);
  };
  const countSuccess = (node: NodeName, at: EpochMs): void => {
    longestGapMs = Math.max(longestGapMs, at - (lastSuccess.get(node) ?? start));
    lastSuccess.set(node, at);
  };

  return {
    onDecision: ({ verdict }) => {
      if (O.isNone(verdict)) return;
      if (verdict.value._tag === 'Accepted') signalsAccepted++;
      if (verdict.value._tag === 'AlreadyApplied' || verdict.value._tag === 'AlreadySeen') dedups++;
    },
    onUnchanged: () => {
      dedups++;
    },
    onRunEnded: (node, { startedAt, endedAt, end }) => {
      runs++;
      countStart(startedAt);
      if (runOutcomeOf(end)._tag === 'Succeeded') countSuccess(node, endedAt);
      else failures++;
    },
    onFallback: (node, at) => {
      fallbackRuns++;
      countStart(at);
      countSuccess(node, at);
    },
    figures: (now) => ({
      runs,
      failures,
      fallbackRuns,
      signalsAccepted,
      dedups,
      startPeak: Math.max(0, ...startsByMinute.values()),
      longestGapMs: Math.max(longestGapMs, ...[...lastSuccess.values()].map((at) => now - at)),
    }),
  };
};
