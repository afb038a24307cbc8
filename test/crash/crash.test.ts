/**
 * Law N8 on the real daemon: killed at any instant, nothing is torn, nothing is lost, and at worst one run is started again.
 *
 * `npm run crash` kills ten thousand times; `SIGNALBOX_TEST_KILLS` chooses how often, `SIGNALBOX_TEST_SEED` what happens
 * between the kills. When a run ends and when a kernel writes is up to the machine: the seed repeats the rounds, and not
 * what came of them.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { integerFromEnvironment } from '../support/property.ts';
import { whichExecutable } from '../support/which-executable.ts';
import { campaign } from './campaign.ts';
import { brokenDaemons, type Daemon, type Defect, realDaemon } from './daemons.ts';
import { type History, judge, STRUCK, struck } from './judge.ts';
import { roundsOf } from './plan.ts';

const KILLS = integerFromEnvironment('SIGNALBOX_TEST_KILLS', 1) ?? 300;
const SEED = integerFromEnvironment('SIGNALBOX_TEST_SEED', 0) ?? Math.floor(Math.random() * 2 ** 31);
/** So many nodes at once: they sleep nearly all of the time. */
const NODES = 12;
const KILL_MS_MAX = 3_000;

const isLinux = process.platform === 'linux' && whichExecutable('flock') !== undefined;

describe.skipIf(!isLinux)('a daemon that is killed again and again (skipped without Linux and flock)', () => {
  let folder = '';
  let broken: (defect: Defect) => Daemon;
  let real: Daemon;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'signalbox-crash-'));
    const made = (name: string): string => {
      mkdirSync(join(folder, name));
      return join(folder, name);
    };
    real = await realDaemon(made('real'));
    broken = await brokenDaemons(made('broken'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Kills the daemons of `nodes` nodes at the same time, so often altogether. */
  const campaigns = (name: string, daemon: Daemon, nodes: number, kills: number): Promise<readonly History[]> =>
    Promise.all(
      Array.from({ length: nodes }, (_, nth) => {
        const directory = join(folder, `${name}-${nth}`);
        mkdirSync(directory);
        return campaign(directory, daemon, roundsOf(SEED + nth, Math.ceil(kills / nodes)), 20);
      }),
    );

  it(
    `N8: after ${KILLS} kills nothing is torn, no run is lost, and no version is run for again that no kill cut short`,
    async () => {
      const histories = await campaigns('real', real, NODES, KILLS);
      expect(histories.flatMap(judge), `SIGNALBOX_TEST_SEED=${SEED}`).toEqual([]);
      const wrecks = histories.flatMap((history) => history.wrecks);
      const strikes = STRUCK.map((where) => ({
        where,
        kills: wrecks.filter((wreck) => struck(wreck) === where).length,
      }));
      const starts = histories.reduce((sum, history) => sum + history.starts.length, 0);
      const counts = strikes.map(({ where, kills }) => `${where} ${kills}`).join(', ');
      console.log(`${wrecks.length} kills: ${counts}; ${starts} runs were started`);
      // A campaign that never strikes where it hurts shows nothing.
      expect(strikes.filter(({ kills }) => kills === 0)).toEqual([]);
    },
    120_000 + KILLS * KILL_MS_MAX,
  );

  it.concurrent.each([
    ['writes-in-place', /^the state is torn/],
    ['writes-behind', /^N8: a run started that the state does not know of/],
    ['forgets-runs', /^N8: a run started that the state does not know of/],
    ['forgets-all', /^(N7: the last success went back|S6: an older signal)/],
  ] as const)(
    'control: the judge finds out a daemon that %s',
    async (defect, finding) => {
      const found = (nth: number): Promise<readonly string[]> =>
        campaigns(`${defect}-${nth}`, broken(defect), 4, 40).then((histories) => histories.flatMap(judge));
      // On a loaded machine a defect may have had no chance to show.
      let [findings, nth]: [readonly string[], number] = [[], 0];
      while (!findings.some((text) => finding.test(text)) && nth < 5) findings = await found((nth += 1));
      expect(findings).toEqual(expect.arrayContaining([expect.stringMatching(finding)]));
    },
    300_000,
  );
});
