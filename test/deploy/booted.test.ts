/** The packages on a machine that a real systemd has started: within the limits of their units, as they are shipped. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mustRun } from '../gates/tool.ts';
import { type BootedMachine, machineMissing, onBootedMachine } from '../support/booted-machine.ts';
import { inTemporaryDirectory } from '../support/contract.ts';
import { eventually } from '../support/daemon-process.ts';
import { missingToBuild } from '../support/debian-packages.ts';

const missing = machineMissing ?? missingToBuild[0];

const CONFIG = {
  ...{ bus: '/srv/bus', stack: 'basalt', zones: '/etc/signalbox/zones.yaml' },
  ...{ catch_up_splay: 0, poll_every: '1s', poll_idle: '5s' },
};
const ZONES = { strategy: 'table', zones: { 'use1-az4': 'prod-1' } };

/** Replaces the agent by the second package once it is asked to, as a recipe that keeps the agent up to date does. */
const CHEF_CLIENT = `#!/bin/sh
echo begun >>/srv/runs
if [ -e /srv/upgrade ]; then rm /srv/upgrade && dpkg --force-confold --install /srv/2/signalbox_*.deb || exit 1; fi
echo ended >>/srv/runs
`;

/** Both packages around the real executable, and the agent's once more as its next revision. */
const putPackages = async (directory: string, files: string): Promise<void> => {
  await mustRun('node', ['build/executable.ts', '--out', directory]);
  const executable = join(directory, `signalbox-linux-${process.arch}`);
  for (const revision of ['1', '2']) {
    const out = join(files, 'srv', revision);
    const options = ['--executable', executable, '--out', out, '--revision', revision, '--compress', 'none'];
    await mustRun('node', ['build/deb.ts', ...options]);
    expect(readdirSync(out)).toHaveLength(2);
  }
};

const prepare = async (files: string): Promise<void> => {
  for (const folder of ['srv/bus', 'usr/bin', 'etc/signalbox']) mkdirSync(join(files, folder), { recursive: true });
  await inTemporaryDirectory((directory) => putPackages(directory, files));
  writeFileSync(join(files, 'usr/bin/chef-client'), CHEF_CLIENT, { mode: 0o755 });
  writeFileSync(join(files, 'etc/signalbox/config.yaml'), JSON.stringify(CONFIG));
  writeFileSync(join(files, 'etc/signalbox/zones.yaml'), JSON.stringify(ZONES));
};

describe.skipIf(missing !== undefined)(
  `packages on a machine of their own${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    const status = ({ sh }: BootedMachine) =>
      JSON.parse(sh('signalbox node status --json')) as Readonly<Record<string, unknown>>;
    const runs = ({ sh }: BootedMachine): string => sh('cat /srv/runs').replaceAll('\n', ' ').trim();
    const agent = ({ sh }: BootedMachine): string =>
      sh('systemctl show --property MainPID --value signalbox-summoner').trim();

    it(
      'F4, fault 58: the agent works within its limits, outlives what its own run makes of it, and leaves the fallback',
      { timeout: 300_000 },
      () =>
        onBootedMachine(prepare, async (machine) => {
          const { sh } = machine;
          const journal = (unit: string): string => sh(`journalctl --sync && journalctl --unit ${unit}`);
          const settled = (what: string) =>
            eventually(what, () => {
              const now = status(machine);
              return now['summoner'] === 'Running' && now['running'] === null && now['last_success'] !== null && now;
            });

          sh('dpkg --force-confold --install /srv/1/*.deb');
          sh('signalbox bootstrap --zone use1-az4 --node web-17');
          expect(sh('cat /etc/chef/client.d/signalbox.rb')).toContain('environment "prod-1"');
          sh('systemctl start signalbox-summoner');
          expect(await settled('the first run')).toMatchObject({
            node: 'web-17',
            environment: 'prod-1',
            state_stored: true,
          });
          expect(runs(machine)).toBe('begun ended');

          // Of what root may do nothing is left to it; its files, its requests and runs are there all the same.
          const first = agent(machine);
          expect(sh(`cat /proc/${first}/status`)).toMatch(/^CapEff:\t0{16}$[^]*^NoNewPrivs:\t1$[^]*^Seccomp:\t2$/m);
          expect(() => sh(`nsenter --target ${first} --mount touch /usr/signalbox`)).toThrow('Read-only file system');

          // N8, fault 58: the run goes on while dpkg replaces the agent that has started it, and is the only one.
          sh('touch /srv/upgrade');
          sh('signalbox node run-now');
          await eventually('the next agent', () => agent(machine) !== '0' && agent(machine) !== first);
          await settled('its run to end');
          expect(sh("dpkg-query --show --showformat='${Version}' signalbox")).toMatch(/-2$/);
          expect(runs(machine)).toBe('begun ended begun ended');
          expect(journal('signalbox-summoner')).toContain('the run of the last agent was taken up');

          // Fault 47: its process is gone, and systemd brings it back.
          const second = agent(machine);
          sh(`kill -9 ${second}`);
          await eventually('an agent after that', () => agent(machine) !== '0' && agent(machine) !== second);
          await settled('it to be at work');
          expect(runs(machine)).toBe('begun ended begun ended');

          // F1, F3, F4: without the agent, and twelve hours later by its record.
          sh('dpkg --remove signalbox');
          sh(`sed -i 's/"last_run_epoch": [0-9]*/"last_run_epoch": 1767225600/' /var/lib/signalbox/summoner.json`);
          sh('echo SPLAY_SECONDS=0 >>/etc/signalbox/fallback.conf');
          sh('systemctl is-active signalbox-fallback.timer');
          for (const _look of ['fires', 'is quiet']) sh('systemctl start signalbox-fallback');
          expect(runs(machine)).toBe('begun ended begun ended begun ended');
          expect(journal('signalbox-fallback').match(/fires: Overdue/g)).toHaveLength(1);
        }),
    );
  },
);
