/**
 * The demo, put together: everything real but the clock. Files in a directory of its own, a process for each run.
 *
 * @module
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { buildArtifact } from '../../adapters/artifact-format/index.ts';
import { artifactSpool } from '../../adapters/artifact-spool/index.ts';
import { childProcessRunner } from '../../adapters/child-process/index.ts';
import { chefRepoServer, filesystemArtifactStore, filesystemStateStore } from '../../adapters/filesystem/index.ts';
import { type PacedClock, pacedClock } from '../../adapters/paced-clock/index.ts';
import { defaultFallbackPolicy } from '../../domain/fallback.ts';
import { fallbackRecordOf, fallbackSuccess } from '../../domain/fallback-record.ts';
import type { Version } from '../../domain/names.ts';
import type { Assignment } from '../../domain/assignment.ts';
import { environmentsOf } from '../../domain/release-plan.ts';
import { policyFor } from '../../domain/summoner.ts';
import { WINDOW_MS_DEFAULT } from '../../domain/compliance.ts';
import { HOUR_MS, MINUTE_MS, plus, SECOND_MS } from '../../domain/time.ts';
import type { ProcessOrder, ProcessRunner } from '../../ports/process-runner.ts';
import type { SignalBus } from '../../ports/signal-bus.ts';
import { fail } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { configOfEnvironment } from '../cli/load.ts';
import type { Terminal } from '../cli/terminal.ts';
import { badData, type Failure } from '../failure.ts';
import { runFallback } from '../fallback/index.ts';
import { fallbackFiles } from '../fallback/main.ts';
import type { LibrarianPorts } from '../librarian/librarian-ports.ts';
import { uploadsOf } from '../librarian/uploads.ts';
import { silentLog } from '../log.ts';
import { openSignalBus } from '../places/main.ts';
import { formatPlace, type Place, placeBelow } from '../places/place.ts';
import { convergeWith } from '../summoner/converge.ts';
import { STATE_KEY, type SummonerPorts } from '../summoner/summoner-ports.ts';
import type { DemoOptions } from './cli.ts';
import { type BoardWriter, boardWriter, describePace, rowJson } from './board.ts';
import { conduct, type DepartureRow, HEALING_HOURS_MIN, type Release } from './conductor.ts';
import { DEMO_START, demoNodes, demoPlan } from './demo-plan.ts';
import { type MachineParts, runMachine } from './machine.ts';
import { type Arrival, type Claim, claimsOf } from './proof.ts';
import { checkOutCookbooks, editCookbooks } from './releases.ts';
import { tally, type Tally } from './tally.ts';
import { startWatch, type Watch, type Watched } from './watch.ts';

/** A simulated hour takes two real seconds. */
const FACTOR = HOUR_MS / (2 * SECOND_MS);

/** What a run takes on the demo's clock, which waits for a machine that is slower. */
const RUN_MS = 3 * MINUTE_MS;
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

/** Where the signals of this demo go: below the place that was named, so that no demo reads the signals of another. */
const busPlaceOf = (root: string, bus: DemoOptions['bus']): Place =>
  O.isSome(bus) ? placeBelow(bus.value, basename(root)) : { _tag: 'Files', path: layoutOf(root).bus };

/** On a server of somebody else's, region and path style are what most of them expect, unless the environment says. */
const openBus = (
  place: Place,
  endpoint: DemoOptions['endpoint'],
  environment: Terminal['environment'],
): Promise<E.Either<Failure, SignalBus>> => {
  const loaded = configOfEnvironment({
    ...(O.isSome(endpoint)
      ? { SIGNALBOX_S3_REGION: environment['AWS_REGION'] ?? 'us-east-1', SIGNALBOX_S3_PATH_STYLE: 'true' }
      : {}),
    ...(place._tag === 'Files' ? {} : environment),
    SIGNALBOX_BUS: formatPlace(place),
    ...(O.isSome(endpoint) ? { SIGNALBOX_S3_ENDPOINT: endpoint.value, SIGNALBOX_GCS_ENDPOINT: endpoint.value } : {}),
  });
  return E.isLeft(loaded) ? Promise.resolve(loaded) : openSignalBus(loaded.right, 'demo');
};

const librarianOf = (layout: Layout, bus: SignalBus, clock: PacedClock): LibrarianPorts => {
  const plan = demoPlan();
  return {
    plan,
    clock,
    bus,
    state: filesystemStateStore(layout.state),
    artifacts: filesystemArtifactStore(layout.artifacts),
    chefServers: new Map(plan.stacks.map((stack) => [stack, chefRepoServer(stack, layout.chefRepo(stack))])),
    bucket: 'demo',
    intake: artifactSpool(layout.artifacts),
    uploads: uploadsOf(clock),
    log: silentLog,
  };
};

/** The file that an app of this package runs as a process: a source here, compiled in the package. */
const APPLY = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './apply.ts' : './apply.js', import.meta.url));

const runOrderOf = (
  { stack, environment, node }: Assignment,
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

const makeDirectory = async (path: string): Promise<void> => {
  await mkdir(path, { recursive: true });
};

const textOf = async (file: string): Promise<string> => {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    return '';
  }
};

const machineOf = (
  watched: Watched,
  layout: Layout,
  bus: SignalBus,
  clock: PacedClock,
  counts: Tally,
  { chefClient }: DemoOptions,
  on: Pick<Watch, 'onDecision' | 'onBroken' | 'onHealed'>,
): MachineParts => {
  const { identity, applied, everOnDisk } = watched;
  const directory = layout.node(identity.node);
  const files = fallbackFiles({
    stateFile: join(directory, STATE_KEY),
    recordFile: join(directory, 'fallback-record'),
  });
  const processes = childProcessRunner();
  const runner: ProcessRunner = { run: (order, abort) => clock.taking(RUN_MS, processes.run(order, abort)) };
  const run = runOrderOf(identity, layout, chefClient);
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
    fallbackSuccess: async () => fallbackSuccess(fallbackRecordOf(await files.readOwnRecord())),
    log: silentLog,
    onDecision: (decision) => {
      counts.onDecision(decision);
      on.onDecision(identity.node, decision);
    },
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
      on.onBroken(identity.node);
    },
    onHealed: () => {
      on.onHealed(identity.node);
    },
  };
};

/** What the demo shows and keeps of each departure and artifact. */
const historyOf = (board: BoardWriter, terminal: Terminal, isJson: boolean) => {
  const rows: DepartureRow[] = [];
  const arrivals: Arrival[] = [];
  return {
    rows,
    arrivals,
    onArtifact: (version: Version, release: Release): void => {
      arrivals.push({ version, at: release.builtAt });
      board.artifact(version, release.isBroken ? ', with a Summoner that is broken' : '');
    },
    onDeparture: (row: DepartureRow): void => {
      rows.push(row);
      if (isJson) terminal.out(rowJson(row));
      else board.departure(row);
    },
  };
};

/** A watch that tells the board what it sees. */
const watchOn = (board: BoardWriter, clock: PacedClock): Watch => {
  const watch = startWatch();
  return {
    ...watch,
    onBroken: (node) => {
      watch.onBroken(node);
      board.event(clock.now(), `the Summoner on ${node} is broken by what it applied (${watch.broken.size} so far)`);
    },
    onHealed: (node) => {
      watch.onHealed(node);
      board.event(clock.now(), `the fallback healed ${node} (${watch.healed.size} of ${watch.broken.size})`);
    },
  };
};

/** Runs the demo below `root`, and answers what it claims. */
const perform = async (
  root: string,
  bus: SignalBus,
  options: DemoOptions,
  terminal: Terminal,
): Promise<readonly Claim[]> => {
  const layout = layoutOf(root);
  // Half an hour before X everything gets its first version, and time to apply it.
  const clock = pacedClock({ start: plus(DEMO_START, -HOUR_MS / 2), factor: FACTOR });
  const librarian = librarianOf(layout, bus, clock);
  const { plan } = librarian;
  const nodes = demoNodes(plan, options.nodes);
  const say = options.isJson ? () => undefined : terminal.out;
  const board = boardWriter(say, DEMO_START, terminal.isColoured);
  const counts = tally(clock.now());
  const watch = watchOn(board, clock);
  const history = historyOf(board, terminal, options.isJson);
  const watched = nodes.map((identity): Watched => {
    const applied = join(layout.node(identity.node), 'applied');
    return { identity, applied, everOnDisk: new Set() };
  });
  const end = new AbortController();
  const stop = AbortSignal.any([end.signal, terminal.abort]);

  await Promise.all([layout.cookbooks, ...nodes.map(({ node }) => layout.node(node))].map(makeDirectory));
  await checkOutCookbooks(layout.cookbooks);
  say(`${nodes.length} nodes, ${plan.stacks.length} stacks, below ${root}; ${describePace(FACTOR)}`);
  board.heading(environmentsOf(plan));
  const machines = watched.map((one, nth) =>
    runMachine(machineOf(one, layout, bus, clock, counts, options, watch), nth, stop),
  );
  const buildRelease = async (release: Release) => {
    const manifest = await editCookbooks(layout.cookbooks, release);
    return { version: manifest.baseVersion, tarball: buildArtifact(layout.cookbooks, manifest) };
  };
  try {
    const { gateAt } = clock;
    const stage = { ...history, librarian, gateAt, buildRelease, isQuiet: watch.isQuiet, abort: terminal.abort };
    await conduct(stage, DEMO_START, options.hours);
  } finally {
    end.abort();
    clock.stop();
    await Promise.all(machines);
  }
  const figures = counts.figures(clock.now());
  const claims = claimsOf(
    {
      plan,
      ...history,
      figures,
      windowMs: WINDOW_MS_DEFAULT,
      brokenSummoners: watch.broken.size,
      healedSummoners: watch.healed.size,
      nodes: await Promise.all(
        watched.map(async ({ identity, applied, everOnDisk }) => ({
          ...identity,
          onDisk: await textOf(join(applied, 'artifact_version')),
          everOnDisk,
        })),
      ),
    },
    options.hours >= HEALING_HOURS_MIN,
  );
  board.ending(figures, claims);
  return claims;
};

/** Runs the demo in a directory of its own; 0 when everything that it claims was so. */
export const demo = async (options: DemoOptions, terminal: Terminal): Promise<ExitCode> => {
  if (O.isSome(options.endpoint) && (O.isNone(options.bus) || options.bus.value._tag === 'Files')) {
    return fail(terminal, badData('--endpoint: expected --bus s3://bucket/prefix or gs://bucket/prefix'), EXIT.usage);
  }
  const root = await mkdtemp(join(tmpdir(), 'signalbox-demo-'));
  try {
    const place = busPlaceOf(root, options.bus);
    const bus = await openBus(place, options.endpoint, terminal.environment);
    if (E.isLeft(bus)) return fail(terminal, bus.left, EXIT.badConfiguration);
    if (O.isSome(options.bus) && !options.isJson) terminal.out(`signals go to ${formatPlace(place)}, and stay there`);
    const broken = (await perform(root, bus.right, options, terminal)).filter(({ holds }) => !holds);
    if (options.isJson) for (const { claim, detail } of broken) terminal.err(`BROKEN  ${claim}: ${detail}`);
    return broken.length === 0 ? EXIT.done : EXIT.failed;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
};
