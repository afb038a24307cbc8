import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { whichExecutable } from './which-executable.ts';

/** A server that speaks S3, and somebody it knows. */
export interface S3Server {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** An S3 server of one's own, until it is stopped. */
export interface RunningS3Server extends S3Server {
  readonly stop: () => Promise<void>;
}

/** A server with roles: those of deploy/, made from the very documents. */
export interface S3ServerWithRoles extends RunningS3Server {
  /** Somebody who may do nothing but assume the roles. */
  readonly caller: Keys;
}

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The roles, by the document in deploy/ that says what they may do. */
const POLICIES = { node: 's3-node-policy.json', librarian: 's3-librarian-policy.json' } as const;

/** One role for each document as it is, and one for what it would be without its conditions. */
export type RadosgwRole = keyof typeof POLICIES | `${keyof typeof POLICIES}-unconditional`;

/** How a role is called by who assumes it. */
export const roleArn = (role: RadosgwRole): string => `arn:aws:iam:::role/${role}`;

const PROGRAMS = ['ceph', 'ceph-mon', 'ceph-osd', 'monmaptool', 'radosgw', 'radosgw-admin', 'setpriv'];

/** The programs that radosgw needs and this machine lacks. */
export const missingForRadosgw = (): readonly string[] =>
  PROGRAMS.filter((program) => whichExecutable(program) === undefined);

const START_MS_MAX = 25_000;

/** A port that nobody uses now. */
const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return address.port;
};

/**
 * A cluster of one monitor and one store in memory. Nothing is authenticated inside, and the monitor settles each change
 * at once where it would wait for more of them: a start takes two seconds and not twelve. The store is told where it
 * stands: when it tells the monitor so itself, it sometimes does before it knows which cluster it is in, and dies of that.
 */
const configuration = (directory: string, fsid: string, monitorPort: number, port: number): string => `
[global]
fsid = ${fsid}
mon host = [v1:127.0.0.1:${monitorPort}/0]
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms bind ipv6 = false
ms bind msgr2 = false
paxos propose interval = 0.02
paxos min wait = 0.01
mon allow pool size one = true
mon max pg per osd = 1000
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
osd class update on start = false
osd crush update on start = false
memstore device bytes = 1073741824
mon data = ${directory}/mon
osd data = ${directory}/osd
rgw data = ${directory}/rgw
run dir = ${directory}
crash dir = ${directory}
log file = ${directory}/$name.log
pid file = ${directory}/$name.pid
admin socket = ${directory}/$name.asok
rgw frontends = beast endpoint=127.0.0.1:${port} tcp_nodelay=1
`;

/** What gives out roles. With it the gateway tells a wrong secret key no longer from one that it does not know. */
const roleConfiguration = (): string => `
rgw sts key = ${randomUUID().slice(0, 16)}
rgw s3 auth use sts = true
`;

const stopAll = async (daemons: readonly ChildProcess[]): Promise<void> => {
  await Promise.all(
    daemons.map(async (daemon) => {
      if (daemon.exitCode !== null || daemon.signalCode !== null) return;
      const exited = once(daemon, 'exit');
      // Nothing that they hold is kept, and an orderly end of a store in memory takes them a long time.
      daemon.kill('SIGKILL');
      await exited;
    }),
  );
};

const untilItAnswers = async (endpoint: string, daemons: readonly ChildProcess[]): Promise<void> => {
  const end = performance.now() + START_MS_MAX;
  for (;;) {
    const answers = await fetch(endpoint).then(
      (answer) => answer.ok,
      () => false,
    );
    if (answers) return;
    const dead = daemons.find(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
    if (dead !== undefined || performance.now() > end) throw new Error('did not come up');
    await sleep(50);
  }
};

type Run = (program: string, ...args: readonly string[]) => Promise<void>;

interface Policy {
  readonly Statement: readonly { readonly Condition?: unknown }[];
}

const makeUser = (run: Run, name: string, { accessKeyId, secretAccessKey }: Keys): Promise<void> => {
  const keys = ['--access-key', accessKeyId, '--secret-key', secretAccessKey];
  return run('radosgw-admin', 'user', 'create', '--uid', name, '--display-name', name, ...keys);
};

const makeRoles = async (run: Run, caller: string): Promise<void> => {
  const Version = '2012-10-17';
  const trust = { Effect: 'Allow', Principal: { AWS: [`arn:aws:iam:::user/${caller}`] }, Action: ['sts:AssumeRole'] };
  const makeRole = async (name: string, policy: Policy): Promise<void> => {
    const trusting = `--assume-role-policy-doc=${JSON.stringify({ Version, Statement: [trust] })}`;
    await run('radosgw-admin', 'role', 'create', `--role-name=${name}`, trusting);
    const document = `--policy-doc=${JSON.stringify(policy)}`;
    await run('radosgw-admin', 'role-policy', 'put', `--role-name=${name}`, '--policy-name=deploy', document);
  };
  for (const [role, file] of Object.entries(POLICIES)) {
    const text = await readFile(new URL(`../../deploy/${file}`, import.meta.url), 'utf8');
    const policy = JSON.parse(text) as Policy;
    const unconditional = policy.Statement.map(({ Condition: _condition, ...statement }) => statement);
    await makeRole(role, policy);
    await makeRole(`${role}-unconditional`, { ...policy, Statement: unconditional });
  }
};

const newKeys = (): Keys => ({
  accessKeyId: randomUUID().replaceAll('-', '').toUpperCase(),
  secretAccessKey: randomUUID(),
});

/** Starts a gateway that is configured further, and has whatever `prepare` makes before it answers. */
const startGateway = async (further: string, prepare: (run: Run) => Promise<void>): Promise<RunningS3Server> => {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-radosgw-'));
  const file = join(directory, 'ceph.conf');
  const fsid = randomUUID();
  const monitorPort = await freePort();
  const port = await freePort();
  const server: S3Server = { endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', ...newKeys() };
  const environment = { PATH: process.env['PATH'] ?? '', CEPH_CONF: file };
  const daemons: ChildProcess[] = [];
  const run: Run = async (program, ...args) => {
    await promisify(execFile)(program, args, { env: environment, timeout: START_MS_MAX });
  };
  const start = (program: string, ...args: readonly string[]): void => {
    const command = ['--pdeathsig', 'KILL', program, '--foreground', ...args];
    daemons.push(spawn('setpriv', command, { env: environment, stdio: 'ignore' }));
  };
  const stop = async (): Promise<void> => {
    await stopAll(daemons.toReversed());
    await rm(directory, { recursive: true, force: true });
  };
  try {
    for (const name of ['mon', 'osd', 'rgw']) await mkdir(join(directory, name));
    await writeFile(file, configuration(directory, fsid, monitorPort, port) + further);
    const map = join(directory, 'monmap');
    await run('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', `[v1:127.0.0.1:${monitorPort}/0]`, map);
    await run('ceph-mon', '--mkfs', '--id', 'a', '--monmap', map);
    start('ceph-mon', '--id', 'a');
    const store = randomUUID();
    await run('ceph', 'osd', 'new', store);
    await run('ceph', 'osd', 'crush', 'add', 'osd.0', '1', 'root=default', 'host=memory');
    await run('ceph-osd', '--id', '0', '--mkfs', '--osd-uuid', store);
    start('ceph-osd', '--id', '0');
    await makeUser(run, 'tests', server);
    await prepare(run);
    start('radosgw', '--name', 'client.rgw');
    await untilItAnswers(server.endpoint, daemons);
    return { ...server, stop };
  } catch (error) {
    const logs = await Promise.all(
      ['mon.a', 'osd.0', 'client.rgw'].map((name) => readFile(join(directory, `${name}.log`), 'utf8').catch(() => '')),
    );
    await stop();
    throw new Error(
      `radosgw: ${error instanceof Error ? error.message : String(error)}\n${logs.map((log) => log.slice(-1_000)).join('\n')}`,
      {
        cause: error,
      },
    );
  }
};

/**
 * Starts a Ceph object gateway, which checks signatures and conditions as S3 does, on a free port of the loopback
 * interface. Its daemons end with this process, however that ends; its directory is removed when it is stopped.
 */
export const startRadosgw = (): Promise<RunningS3Server> => startGateway('', async () => undefined);

/** {@link startRadosgw}, with the roles of deploy/ and somebody to assume them. */
export const startRadosgwWithRoles = async (): Promise<S3ServerWithRoles> => {
  const caller = newKeys();
  const server = await startGateway(roleConfiguration(), async (run) => {
    await makeUser(run, 'caller', caller);
    await makeRoles(run, 'caller');
  });
  return { ...server, caller };
};
