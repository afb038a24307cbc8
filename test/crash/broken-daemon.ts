/** `broken-daemon.ts DEFECT`: a Summoner over `config.yaml` that keeps its state wrongly. */
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { EXIT } from '../../src/apps/cli/exit-code.ts';
import { withSummoner } from '../../src/apps/summoner/main.ts';
import { decodeNodeState } from '../../src/domain/node-state.ts';
import { STATE_KEY } from '../../src/apps/summoner/summoner-ports.ts';
import type { StateStore } from '../../src/ports/state-store.ts';
import { type Defect, DEFECTS } from './daemons.ts';

const FILE = join('node', STATE_KEY);
const BETWEEN_HALVES_MS = 5;
const LATER_MS = 300;

/** The store with `defect`; it answers as if all were well. */
const broken = (defect: Defect, store: StateStore): StateStore => {
  let stored: string | undefined;
  let revision = 0;
  const landed = (body: string): Awaited<ReturnType<StateStore['write']>> => {
    stored = body;
    return { _tag: 'Landed', revision: String((revision += 1)) };
  };
  const write: Record<Defect, (body: string) => Promise<void>> = {
    'writes-in-place': async (body) => {
      const half = Math.floor(body.length / 2);
      await writeFile(FILE, body.slice(0, half));
      // As long as a busy disk takes.
      await delay(BETWEEN_HALVES_MS);
      await appendFile(FILE, body.slice(half));
    },
    'writes-behind': async (body) => {
      setTimeout(() => void writeFile(FILE, body), LATER_MS);
    },
    'forgets-runs': async (body) => {
      const state = decodeNodeState(body);
      if (E.isRight(state) && O.isNone(state.right.state.running)) await writeFile(FILE, body);
    },
    'forgets-all': (body) => writeFile(FILE, body),
  };
  return {
    ...store,
    read: async (key) => {
      if (key !== STATE_KEY) return store.read(key);
      if (stored !== undefined) return { _tag: 'Found', body: stored, revision: String(revision) };
      return defect === 'forgets-all' ? { _tag: 'Missing' } : store.read(key);
    },
    write: async (key, body, expected) => {
      if (key !== STATE_KEY) return store.write(key, body, expected);
      await write[defect](body);
      return landed(body);
    },
  };
};

const defect = DEFECTS.find((name) => name === process.argv[2]);
if (defect === undefined) throw new Error(`expected one of ${DEFECTS.join(', ')}, got ${process.argv[2]}`);
process.exitCode = await withSummoner(
  O.some('config.yaml'),
  {
    out: console.log,
    err: console.error,
    isColoured: false,
    environment: process.env,
    abort: new AbortController().signal,
    log: (level, message, fields) => {
      console.error(JSON.stringify({ level, msg: message, ...fields }));
    },
  },
  { passOn: () => () => undefined },
  async ({ ports, serve }) => {
    await serve({ ...ports, state: broken(defect, ports.state) });
    return EXIT.done;
  },
);
