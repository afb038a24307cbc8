/**
 * The demo, put together: everything real but the clock. Files in a directory of its own, a process for each run.
 *
 * @module
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import * as O from 'fp-ts/lib/Option.js';
import { buildArtifact } from '../../adapters/artifact-format/index.ts';
import { artifactSpool } from '../../adapters/artifact-spool/index.ts';
import { childProcessRunner } from '../../adapters/child-process/index.ts';
import {
  chefRepoServer,
  filesystemArtifactStore,
  filesystemSignalBus,
  filesystemStateStore,
} from '../../adapters/filesystem/index.ts';
import { type PacedClock, pacedClock } from '../../adapters/paced-clock/index.ts';
import { defaultFallbackPolicy } from '../../domain/fallback.ts';
import { fallbackRecordOf, fallbackSuccess } from '../../domain/fallback-record.ts';
import type { Version } from '../../domain/names.ts';
import type { NodeIdentity } from '../../domain/node-state.ts';
import { environmentsOf } from '../../domain/release-plan.ts';
import { policyFor } from '../../domain/summoner.ts';
import { type EpochMs, HOUR_MS, MINUTE_MS, plus, SECOND_MS } from '../../domain/time.ts';
import type { ProcessOrder } from '../../ports/process-runner.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import type { Terminal } from '../cli/terminal.ts';
import { runFallback } from '../fallback/index.ts';
import { fallbackFiles } from '../fallback/main.ts';
import type { LibrarianPorts } from '../librarian/librarian-ports.ts';
import { silentLog } from '../log.ts';
import { convergeWith } from '../summoner/converge.ts';
import { STATE_KEY, type SummonerPorts } from '../summoner/summoner-ports.ts';
import { boardWriter, describePace, rowJson } from './board.ts';
import { conduct, type DepartureRow, HEALING_HOURS_MIN } from './conductor.ts';
import { DEMO_START, demoNodes, demoPlan } from './demo-plan.ts';
import { type MachineParts, runMachine } from './machine.ts';
import { claimsOf, type Evidence } from './proof.ts';
import { checkOutCookbooks, editCookbooks } from './releases.ts';
import { tally, type Tally } from './tally.ts';

/** What may be chosen of the demo. */
export interface DemoOptions {
  readonly hours: number;
  readonly nodes: number;
  readonly isJson: boolean;
  /** An executable to run instead of the small stand-in; it is given chef-client's own arguments. */
  readonly chefClient: O.Option<string>;
}

/** A simulated hour takes two real seconds. */
const FACTOR = HOUR_MS / (2 * SECOND_MS);

const RUN_TIME_LIMIT_MS = 60 * SECOND_MS;
const RUN_GRACE_MS = 5 * SECOND_MS;

/** The demo's own directory, and what lies where in it. */
const layoutOf = (root: string) => ({
  bus: join(root, 'bus'),
  state: join(root, 'state'),
  artifacts: join(root, 'artifacts'),
  cookbooks: join(root, 'checkout'),
  chefRepo: (stack: string) => join(root, 'chef', stack),
  node: (node: string) => join(root, 'nodes', node),
});

type Layout = ReturnType<typeof layoutOf>;

const librarianOf = (layout: Layout, clock: PacedClock): LibrarianPorts => {
  const plan = demoPlan();
  return {
    plan,
    clock,
    bus: filesystemSignalBus(layout.bus),
    state: filesystemStateStore(layout.state),
    artifacts: filesystemArtifactStore(layout.artifacts),
    chefServers: new Map(plan.stacks.map((stack) => [stack, chefRepoServer(stack, layout.chefRepo(stack))])),
    bucket: 'demo',
    intake: artifactSpool(tmpdir()),
    log: silentLog,
  };
};

/** The file that an app of this package runs as a process: a source here, compiled in the package. */
const APPLY = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './apply.ts' : './apply.js', import.meta.url));

const runOrderOf = (
  { stack, environment, node }: NodeIdentity,
  layout: Layout,
  chefClient: O.Option<string>,
): ProcessOrder => {
  const limits = { timeLimitMs: RUN_TIME_LIMIT_MS, graceMs: RUN_GRACE_MS, outputTailBytes: 4096 };
  const chefRepo = layout.chefRepo(stack);
  if (O.isNone(chefClient)) {
    return {
      command: execPath,
      args: [APPLY, chefRepo, environment, join(layout.node(node), 'applied')],
      env: {},
      ...limits,
    };
  }
  const args = ['--local-mode', '--chef-repo-path', chefRepo, '--environment', environment, '--node-name', node];
  const env = {
    PATH: '/opt/chef/bin:/usr/local/bin:/usr/bin:/bin',
    HOME: layout.node(node),
    SIGNALBOX_NODE_DIRECTORY: join(layout.node(node), 'applied'),
  };
  return { command: chefClient.value, args: [...args, '--config-option', 'versioned_cookbooks=true'], env, ...limits };
};

const textOf = async (file: string): Promise<string> => {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    return '';
  }
};

/** What the demo keeps of each machine, beside the machine's own files. */
interface Watched {
  readonly identity: NodeIdentity;
  readonly applied: string;
  readonly everOnDisk: Set<string>;
}

const machineOf = (
  watched: Watched,
  layout: Layout,
  clock: PacedClock,
  counts: Tally,
  { chefClient }: DemoOptions,
  on: { readonly broken: (identity: NodeIdentity) => void; readonly healed: (identity: NodeIdentity) => void },
): MachineParts => {
  const { identity, applied, everOnDisk } = watched;
  const directory = layout.node(identity.node);
  const files = fallbackFiles({
    stateFile: join(directory, STATE_KEY),
    recordFile: join(directory, 'fallback-record'),
  });
  const runner = childProcessRunner();
  const run = runOrderOf(identity, layout, chefClient);
  const bus = filesystemSignalBus(layout.bus);
  const note = async (): Promise<void> => {
    const version = await textOf(join(applied, 'artifact_version'));
    if (version !== '') everOnDisk.add(version);
  };
  const converge = convergeWith(runner, run, silentLog);
  const summoner: SummonerPorts = {
    policy: policyFor(identity, { pollEveryMs: 5 * MINUTE_MS }),
    clock,
    bus: {
      ...bus,
      read: async (key, known) => {
        const reading = await bus.read(key, known);
        if (reading._tag === 'Unchanged') counts.onUnchanged();
        return reading;
      },
    },
    state: filesystemStateStore(directory),
    converge: async (running, abort) => {
      const end = await converge(running, abort);
      await note();
      return end;
    },
    fallbackSuccess: async () => fallbackSuccess(fallbackRecordOf(await files.readOwnRecord()), clock.now()),
    log: silentLog,
    onDecision: counts.onDecision,
    onRunEnded: (ended) => {
      counts.onRunEnded(identity.node, ended);
    },
  };
  const fallback = runFallback({
    ...files,
    clock,
    processes: runner,
    lock: () => Promise.resolve({ _tag: 'Held', release: () => Promise.resolve() }),
    log: silentLog,
  });
  return {
    identity,
    summoner,
    lookWithFallback: async () => {
      const report = await fallback({ policy: defaultFallbackPolicy(identity.node), mode: 'Run', run });
      if (report._tag === 'Fired' && report.succeeded) counts.onFallback(identity.node, clock.now());
      await note();
      return report;
    },
    isSummonerWorking: async () => !(await textOf(join(applied, 'summoner-health'))).startsWith('broken'),
    onBroken: () => {
      on.broken(identity);
    },
    onHealed: () => {
      on.healed(identity);
    },
  };
};

/** Runs the demo; 0 when everything that it claims was so. */
export const demo = async (options: DemoOptions, terminal: Terminal): Promise<ExitCode> => {
  const root = await mkdtemp(join(tmpdir(), 'signalbox-demo-'));
  const layout = layoutOf(root);
  // Half an hour before X everything gets its first version, and time to apply it.
  const clock = pacedClock({ start: plus(DEMO_START, -HOUR_MS / 2), factor: FACTOR });
  const stop = new AbortController();
  const librarian = librarianOf(layout, clock);
  const nodes = demoNodes(librarian.plan, options.nodes);
  const counts = tally(clock.now());
  const say = options.isJson ? () => undefined : terminal.out;
  const board = boardWriter(say, DEMO_START, terminal.isColoured);
  const watched = nodes.map((identity): Watched => {
    const applied = join(layout.node(identity.node), 'applied');
    return { identity, applied, everOnDisk: new Set() };
  });
  const rows: DepartureRow[] = [];
  const arrivals: { version: Version; at: EpochMs }[] = [];
  const broken = new Set<string>();
  const healed = new Set<string>();
  const events = {
    broken: ({ node }: NodeIdentity) => {
      broken.add(node);
      board.event(clock.now(), `the Summoner on ${node} is broken by what it applied (${broken.size} so far)`);
    },
    healed: ({ node }: NodeIdentity) => {
      healed.add(node);
      board.event(clock.now(), `the fallback healed ${node} (${healed.size} of ${broken.size})`);
    },
  };

  say(
    `${nodes.length} nodes in ${environmentsOf(librarian.plan).length} environments on ${librarian.plan.stacks.length} stacks, below ${root}; ${describePace(FACTOR)}`,
  );
  try {
    await Promise.all([
      mkdir(layout.cookbooks, { recursive: true }),
      ...nodes.map(({ node }) => mkdir(layout.node(node), { recursive: true })),
    ]);
    await checkOutCookbooks(layout.cookbooks);
    board.heading(environmentsOf(librarian.plan));
    const machines = watched.map((one, nth) =>
      runMachine(machineOf(one, layout, clock, counts, options, events), nth, stop.signal),
    );
    await conduct(
      {
        librarian,
        gateAt: clock.gateAt,
        buildRelease: async (release) => {
          const manifest = await editCookbooks(layout.cookbooks, release);
          return { version: manifest.baseVersion, tarball: buildArtifact(layout.cookbooks, manifest) };
        },
        onArtifact: (version, release) => {
          arrivals.push({ version, at: release.builtAt });
          board.artifact(version, release.isBroken ? ', with a Summoner that is broken' : '');
        },
        onDeparture: (row) => {
          rows.push(row);
          if (options.isJson) terminal.out(rowJson(row));
          else board.departure(row);
        },
      },
      DEMO_START,
      options.hours,
    );
    const figures = counts.figures(clock.now());
    stop.abort();
    clock.stop();
    await Promise.all(machines);
    const evidence: Evidence = {
      plan: librarian.plan,
      rows,
      arrivals,
      figures,
      windowMs: policyFor(
        nodes[0] ??
          (() => {
            throw new TypeError('a demo has nodes');
          })(),
      ).windowMs,
      brokenSummoners: broken.size,
      healedSummoners: healed.size,
      nodes: await Promise.all(
        watched.map(async ({ identity, applied, everOnDisk }) => ({
          ...identity,
          onDisk: await textOf(join(applied, 'artifact_version')),
          everOnDisk,
        })),
      ),
    };
    const claims = claimsOf(evidence, options.hours >= HEALING_HOURS_MIN);
    board.ending(figures, claims);
    const failed = claims.filter(({ holds }) => !holds);
    if (options.isJson) for (const { claim, detail } of failed) terminal.err(`BROKEN  ${claim}: ${detail}`);
    return failed.length === 0 ? EXIT.done : EXIT.failed;
  } finally {
    stop.abort();
    clock.stop();
    await rm(root, { recursive: true, force: true });
  }
};
