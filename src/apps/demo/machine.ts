/**
 * One machine of the demo: its Summoner, its fallback, and what a broken release does to the first of them.
 *
 * @module
 */
import type { Assignment } from '../../domain/assignment.ts';
import { MINUTE_MS, plus } from '../../domain/time.ts';
import type { FallbackReport } from '../fallback/index.ts';
import { runSummoner } from '../summoner/summoner.ts';
import type { SummonerPorts } from '../summoner/summoner-ports.ts';

/** What a machine is made of. */
export interface MachineParts {
  readonly identity: Assignment;
  readonly summoner: SummonerPorts;
  /** One look of the fallback, run as its cron job would. */
  readonly lookWithFallback: () => Promise<FallbackReport>;
  /** Whether the release that is on the machine brought a Summoner that works. */
  readonly isSummonerWorking: () => Promise<boolean>;
  readonly onBroken: () => void;
  readonly onHealed: () => void;
}

/** The fallback's cron job: every half hour, each machine at its own minute. */
const CRON_EVERY_MS = 30 * MINUTE_MS;

/** Whether somebody asked the machine to stop; asked anew each time, since it changes while others are awaited. */
const isStopped = (stop: AbortSignal): boolean => stop.aborted;

/** Runs the Summoner until the machine stops or a release breaks it. */
const summonUntilBroken = async (parts: MachineParts, stop: AbortSignal): Promise<void> => {
  const broken = new AbortController();
  const onRunEnded: SummonerPorts['onRunEnded'] = (run) => {
    parts.summoner.onRunEnded?.(run);
    void parts.isSummonerWorking().then((works) => {
      if (!works) broken.abort();
    });
  };
  await runSummoner({ ...parts.summoner, onRunEnded }, AbortSignal.any([stop, broken.signal]));
};

const summonerLife = async (parts: MachineParts, stop: AbortSignal): Promise<void> => {
  const { clock } = parts.summoner;
  while (!isStopped(stop)) {
    await summonUntilBroken(parts, stop);
    if (isStopped(stop)) return;
    parts.onBroken();
    while (!isStopped(stop) && !(await parts.isSummonerWorking())) {
      await clock.sleepUntil(plus(clock.now(), MINUTE_MS), stop);
    }
    if (!isStopped(stop)) parts.onHealed();
  }
};

const fallbackLife = async (parts: MachineParts, phaseMs: number, stop: AbortSignal): Promise<void> => {
  const { clock } = parts.summoner;
  // The image's cron has not come round before the machine had time for its first run.
  await clock.sleepUntil(plus(clock.now(), CRON_EVERY_MS + phaseMs), stop);
  while (!stop.aborted) {
    await parts.lookWithFallback();
    await clock.sleepUntil(plus(clock.now(), CRON_EVERY_MS), stop);
  }
};

/** Runs the machine until `stop`. */
export const runMachine = async (parts: MachineParts, nth: number, stop: AbortSignal): Promise<void> => {
  await Promise.all([
    summonerLife(parts, stop),
    fallbackLife(parts, (nth % (CRON_EVERY_MS / MINUTE_MS)) * MINUTE_MS, stop),
  ]);
};
