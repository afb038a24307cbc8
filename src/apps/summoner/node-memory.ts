/**
 * The node's memory: its state, loaded at the start, kept in the store as it changes, and held in memory while the store
 * fails. A node with a full disk still runs (fault 39). What the store holds is never replaced before it was read.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import { formatFieldErrors } from '../../domain/decoding.ts';
import { type Assignment, isSameAssignment } from '../../domain/assignment.ts';
import {
  decodeNodeState,
  EMPTY_NODE_STATE,
  encodeNodeState,
  type NodeState,
  type StoredNodeState,
} from '../../domain/node-state.ts';
import type { Revision, WriteOutcome } from '../../ports/conditional-write.ts';
import type { StateReading } from '../../ports/state-store.ts';
import { STATE_KEY, type SummonerPorts } from './summoner-ports.ts';

type MemoryPorts = Pick<SummonerPorts, 'state' | 'log' | 'clock' | 'policy'>;

/** The state as it is, and as it is stored. */
export interface NodeMemory {
  readonly node: NodeState;
  readonly unknownFields: StoredNodeState['unknownFields'];
  readonly revision: Revision | undefined;
  /** False until the store could be read: who knows what it holds. */
  readonly isLoaded: boolean;
  /** False while the store holds something older: the next step tries again. */
  readonly isStored: boolean;
}

const held = (node: NodeState, revision: Revision | undefined, isLoaded: boolean): NodeMemory => ({
  node,
  unknownFields: {},
  revision,
  isLoaded,
  isStored: false,
});

const sameNode = (identity: Assignment, stored: StoredNodeState): boolean =>
  isSameAssignment(identity, stored.identity);

/** A body that cannot be used, or not all of it. */
export interface KeptAside {
  readonly body: string;
  /** What is wrong with it. */
  readonly why: string;
  /** How the node goes on without. */
  readonly goesOn: string;
}

const AS_NEW = 'as one that never ran';
const WITH_THE_REST = 'with the rest of it';

/** Keeps a body beside the state, under a name that tells when; a person, or a newer agent, may want to see it. */
const keepAside = async (ports: MemoryPorts, { body, why, goesOn }: KeptAside): Promise<void> => {
  const key = `${STATE_KEY}.kept-aside-${ports.clock.now()}`;
  const written = await ports.state.write(key, body, undefined);
  ports.log('error', `the state was kept aside; this node goes on ${goesOn}`, {
    key: written._tag === 'Landed' ? key : null,
    detail: why,
  });
};

/** What a reading of the store comes to. */
export interface Recollection {
  readonly memory: NodeMemory;
  /** What is kept aside. */
  readonly aside?: KeptAside;
}

/**
 * What the agent of `identity` remembers by what its store showed. Whatever is wrong with that, the node goes on: as one
 * that never ran, if need be (faults 38, 43, 44).
 *
 * @param node - what is held in memory, and stays so when nothing of use is found.
 */
export const recollect = (identity: Assignment, reading: StateReading, node: NodeState): Recollection => {
  switch (reading._tag) {
    case 'Missing':
      return { memory: held(node, undefined, true) };
    case 'Refused':
    case 'Unavailable':
      return { memory: held(node, undefined, false) };
    case 'Found': {
      const { body, revision } = reading;
      const decoded = decodeNodeState(body);
      if (E.isLeft(decoded)) {
        const why = formatFieldErrors(decoded.left);
        return { memory: held(node, revision, true), aside: { body, why, goesOn: AS_NEW } };
      }
      const stored = decoded.right;
      if (!sameNode(identity, stored)) {
        const { stack, environment, node: name } = stored.identity;
        const why = `it is the state of ${name} in ${stack}/${environment}`;
        return { memory: held(node, revision, true), aside: { body, why, goesOn: AS_NEW } };
      }
      const { state, unknownFields, unreadable } = stored;
      const memory = { node: state, unknownFields, revision, isLoaded: true, isStored: unreadable.length === 0 };
      if (memory.isStored) return { memory };
      const why = `a newer version has written what this one cannot read: ${formatFieldErrors(unreadable)}`;
      return { memory, aside: { body, why, goesOn: WITH_THE_REST } };
    }
  }
};

/** Loads the state, as {@link recollect} says, and keeps aside what is of no use. */
export const loadMemory = async (ports: MemoryPorts, node: NodeState = EMPTY_NODE_STATE): Promise<NodeMemory> => {
  const reading = await ports.state.read(STATE_KEY);
  if (reading._tag === 'Refused' || reading._tag === 'Unavailable') {
    ports.log('error', 'the state cannot be read; it is held in memory', { key: STATE_KEY, detail: reading.detail });
  }
  const { memory, aside } = recollect(ports.policy.identity, reading, node);
  if (aside !== undefined) await keepAside(ports, aside);
  return memory;
};

const whyNotStored = (written: Exclude<WriteOutcome, { _tag: 'Landed' }>, reading: StateReading): string => {
  if (written._tag === 'Unknown') return written.detail;
  if (reading._tag === 'Found') return 'someone else wrote it: are there two Summoners on this node?';
  return reading._tag === 'Missing' ? 'someone else removed it' : reading.detail;
};

const store = async (ports: MemoryPorts, memory: NodeMemory, node: NodeState): Promise<NodeMemory> => {
  const { identity } = ports.policy;
  const body = encodeNodeState({ identity, state: node, unknownFields: memory.unknownFields });
  const written = await ports.state.write(STATE_KEY, body, memory.revision);
  if (written._tag === 'Landed') return { ...memory, node, revision: written.revision, isStored: true };
  const reading = await ports.state.read(STATE_KEY);
  if (reading._tag === 'Found' && reading.body === body) {
    return { ...memory, node, revision: reading.revision, isStored: true };
  }
  const detail = whyNotStored(written, reading);
  ports.log('error', 'the state cannot be stored; it is held in memory', { key: STATE_KEY, detail });
  // The next attempt replaces whatever is there by then: this process is the only one that may write it.
  return { ...memory, node, revision: reading._tag === 'Found' ? reading.revision : undefined, isStored: false };
};

/**
 * Stores `node` if it changed, or if the last attempt failed. Where the state could not be loaded so far, that is tried
 * again first: the answer then has the state that was found and not `node`, which gives way to it.
 */
export const keepMemory = async (ports: MemoryPorts, memory: NodeMemory, node: NodeState): Promise<NodeMemory> => {
  if (node === memory.node && memory.isStored) return memory;
  if (memory.isLoaded) return store(ports, memory, node);
  const loaded = await loadMemory(ports, node);
  return loaded.isLoaded && !loaded.isStored ? store(ports, loaded, node) : loaded;
};
