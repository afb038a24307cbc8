/** A node of its own in a directory: a configuration, a bus of files, a state, and the real Summoner that runs there. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as O from 'fp-ts/lib/Option.js';
import { configText } from './config-text.ts';
import { EMPTY_NODE_STATE, encodeNodeState } from '../../src/domain/node-state.ts';
import { encodeSignal, signalPath } from '../../src/domain/signal.ts';
import { type EpochMs, epochMs } from '../../src/domain/time.ts';
import { type DaemonProcess, eventually, jsonFile, startProcess } from './daemon-process.ts';
import { ENVIRONMENT, identityOf, signalOf, type SignalSketch, STACK, timestampAt, versionOf } from './node-signals.ts';
import { MAIN } from './run-signalbox.ts';

/** Each run leaves a line in `runs`, and goes on until `go` is there where `hold` is. */
export const COMMAND = 'echo run >> runs; while [ -e hold ] && [ ! -e go ]; do sleep 0.02; done; exit 0';

/** A run of shell commands. */
export const shell = (commands: string): { readonly command: readonly string[] } => ({
  command: ['/bin/sh', '-c', commands],
});

/** What may surround the process of a daemon. */
export interface DaemonSetting {
  readonly env?: Readonly<Record<string, string>>;
  /** A command that becomes the daemon, such as `prlimit --nofile=64`. */
  readonly within?: readonly string[];
}

type Document = Readonly<Record<string, unknown>>;

/** The node, as a test looks at it. */
export interface NodeUnderTest {
  readonly directory: string;
  /** Where something of that name lies in its directory. */
  readonly path: (...names: readonly string[]) => string;
  /** Writes the configuration: polls every second, nothing splayed, with `fields` over that. */
  readonly configured: (fields?: Document) => void;
  /** Starts a Summoner, which is stopped by {@link NodeUnderTest.remove} at the latest. */
  readonly started: (setting?: DaemonSetting) => DaemonProcess;
  /** Stops this when the node is removed. */
  readonly stopping: <A extends { readonly stop: () => Promise<unknown> }>(process: A) => A;
  /** Puts a signal on the bus, as of now or of `at` by the clock of the node. */
  readonly signalled: (sketch: Omit<SignalSketch, 'timestamp'>, at?: EpochMs) => void;
  /** How often `COMMAND` ran. */
  readonly runs: () => number;
  readonly state: () => Document | undefined;
  readonly status: () => Document | undefined;
  /** Puts a state file where the Summoner's lies. */
  readonly stored: (body: string | Uint8Array) => void;
  readonly touch: (name: string) => void;
  /** The number that a file holds, once it is whole. */
  readonly numberIn: (name: string) => number | undefined;
  /** After the first run, which a node that never ran begins at once. */
  readonly settled: () => Promise<void>;
  /** After `count` more answers of the bus, each of which a decision followed. */
  readonly polled: (count: number) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** The text of a file, or nothing while it is not there. */
export const textFile = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** Whether a line of the log says `message`. */
export const says = (message: string) => (line: string) => line.includes(`"msg":"${message}"`);

/** What of a state is of interest; it is that of `web-17`, which has just succeeded, where it says nothing else. */
export interface StateSketch {
  readonly node?: string;
  readonly succeeded?: EpochMs;
  readonly applied?: string;
  readonly unknownFields?: Document;
}

/** A state file as the Summoner writes it. */
export const stateOf = ({
  node = 'web-17',
  succeeded = epochMs(Date.now()),
  applied,
  unknownFields = {},
}: StateSketch): string => {
  const at = O.some(succeeded);
  const version = O.map(versionOf)(O.fromNullable(applied));
  const state = { ...EMPTY_NODE_STATE, lastSuccess: at, lastAttempt: at, applied: version };
  return encodeNodeState({ identity: identityOf(node), state, unknownFields });
};

/** What tells a fallback of its node: the Summoner's files, and `command` to run without a splay. */
export const fallbackEnvironment = (node: NodeUnderTest, command: string): Readonly<Record<string, string>> => {
  const settings = {
    STATE_FILE: node.path('node', 'summoner.json'),
    RECORD_FILE: node.path('fallback-record'),
    SPARE_FILE: node.path('fallback-spare'),
    LOCK_FILE: node.path('fallback.lock'),
    SPLAY_SECONDS: '0',
    NODE_NAME: 'web-17',
    COMMAND: command,
  };
  const text = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(node.path('fallback.conf'), text.join(''));
  return { SIGNALBOX_FALLBACK_CONF: node.path('fallback.conf') };
};

/**
 * A client that leaves at once while another run is under way, as chef-client does by its own lock when it is told not to
 * wait; otherwise it is {@link COMMAND}.
 */
export const lockingClient = (node: NodeUnderTest): readonly string[] => {
  writeFileSync(node.path('converge.sh'), `cd ${node.directory}\n${COMMAND}\n`);
  const lock = ['flock', '--nonblock', '--conflict-exit-code', '1', node.path('chef.lock')];
  return [...lock, '/bin/sh', node.path('converge.sh')];
};

/** What a daemon under test is configured to: its files beside its configuration, and polls a second apart. */
export const BRISK = {
  bus: 'bus',
  node_state: 'node',
  fallback_record: 'fallback-record',
  catch_up_splay: 0,
  poll_soon: '1s',
  poll_every: '1s',
  poll_idle: '1s',
} as const;

/** A new node, configured. */
export const nodeUnderTest = (): NodeUnderTest => {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-node-'));
  const stoppable: { readonly stop: () => Promise<unknown> }[] = [];
  const path = (...names: readonly string[]): string => join(directory, ...names);

  const stopping: NodeUnderTest['stopping'] = (process) => {
    stoppable.push(process);
    return process;
  };

  const configured = (fields: Document = {}): void => {
    const config = {
      node: 'web-17',
      stack: 'basalt',
      environment: 'prod-1',
      ...BRISK,
      run_grace: '2s',
      ...shell(COMMAND),
      ...fields,
    };
    writeFileSync(path('config.yaml'), configText(config));
  };

  const runs = (): number => textFile(path('runs')).split('\n').length - 1;
  const state = () => jsonFile(path('node', 'summoner.json'));
  const status = () => jsonFile(path('node', 'status.json'));
  const lastPoll = (): unknown => (status()?.['bus'] as { readonly last_poll?: unknown } | undefined)?.last_poll;

  mkdirSync(path('bus'));
  configured();
  return {
    directory,
    path,
    configured,
    stopping,
    started: ({ env = {}, within = [] } = {}) => {
      const [command, ...args] = [...within, process.execPath, MAIN, '--config', 'config.yaml', 'summoner'];
      return stopping(startProcess(command, args, directory, env));
    },
    signalled: (sketch, at = epochMs(Date.now())) => {
      const file = path('bus', signalPath({ stack: STACK, environment: ENVIRONMENT }));
      mkdirSync(dirname(file), { recursive: true });
      // Whole or not at all: half a signal would be a fault of its own.
      writeFileSync(path('signal'), encodeSignal(signalOf({ ...sketch, timestamp: timestampAt(at) })));
      renameSync(path('signal'), file);
    },
    runs,
    state,
    status,
    stored: (body) => {
      mkdirSync(path('node'), { recursive: true });
      writeFileSync(path('node', 'summoner.json'), body);
    },
    touch: (name) => {
      writeFileSync(path(name), '');
    },
    numberIn: (name) => {
      const [, digits] = /^(\d+)\n/.exec(textFile(path(name))) ?? [];
      return digits === undefined ? undefined : Number(digits);
    },
    settled: async () => {
      await eventually('the first run to end', () => runs() === 1 && typeof state()?.['last_run_time'] === 'string');
    },
    polled: async (count) => {
      for (let poll = 0; poll < count; poll++) {
        const before = lastPoll();
        await eventually('a poll', () => lastPoll() !== before);
      }
    },
    remove: async () => {
      for (const process of stoppable.splice(0)) await process.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};
