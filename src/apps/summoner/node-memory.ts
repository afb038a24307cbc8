/**
 * The node's memory: its state, loaded at the start, kept in the store as it changes, and held in memory while the store
 * fails. A node with a full disk still runs (fault 39).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import { formatFieldErrors } from '../../domain/decoding.ts';
import {
  decodeNodeState,
  EMPTY_NODE_STATE,
  encodeNodeState,
  isSameIdentity,
  type NodeIdentity,
  type NodeState,
  type StoredNodeState,
} from '../../domain/node-state.ts';
import type { Revision } from '../../ports/conditional-write.ts';
import { STATE_KEY, type SummonerPorts } from './summoner-ports.ts';

type MemoryPorts = Pick<SummonerPorts, 'state' | 'log' | 'clock' | 'policy'>;

/** The state as it is, and as it is stored. */
export interface NodeMemory {
  readonly node: NodeState;
  readonly unknownFields: StoredNodeState['unknownFields'];
  readonly revision: Revision | undefined;
  /** False while the store holds something older: the next step tries again. */
  readonly isStored: boolean;
}

const fresh = (revision: Revision | undefined): NodeMemory => ({
  node: EMPTY_NODE_STATE,
  unknownFields: {},
  revision,
  isStored: true,
});

const sameNode = (identity: NodeIdentity, stored: StoredNodeState): boolean =>
  isSameIdentity(identity, stored.identity);

/** Keeps a body that cannot be used beside the state, under a name that tells when; a person may want to see it. */
const keepAside = async (ports: MemoryPorts, body: string, why: string): Promise<void> => {
  const key = `${STATE_KEY}.kept-aside-${ports.clock.now()}`;
  const written = await ports.state.write(key, body, undefined);
  ports.log('error', 'the state was kept aside; this node goes on as one that never ran', {
    key: written._tag === 'Landed' ? key : null,
    detail: why,
  });
};

/** Loads the state. Whatever is wrong with it, the node goes on: as one that never ran, if need be (faults 38, 43, 44). */
export const loadMemory = async (ports: MemoryPorts): Promise<NodeMemory> => {
  const reading = await ports.state.read(STATE_KEY);
  switch (reading._tag) {
    case 'Missing':
      return fresh(undefined);
    case 'Refused':
    case 'Unavailable':
      ports.log('error', 'the state cannot be read; it is held in memory', { key: STATE_KEY, detail: reading.detail });
      return { ...fresh(undefined), isStored: false };
    case 'Found': {
      const { body, revision } = reading;
      const decoded = decodeNodeState(body);
      if (E.isLeft(decoded)) {
        await keepAside(ports, body, formatFieldErrors(decoded.left));
        return fresh(revision);
      }
      const stored = decoded.right;
      if (!sameNode(ports.policy.identity, stored)) {
        const { stack, environment, node } = stored.identity;
        await keepAside(ports, body, `it is the state of ${node} in ${stack}/${environment}`);
        return fresh(revision);
      }
      return { node: stored.state, unknownFields: stored.unknownFields, revision, isStored: true };
    }
  }
};

/** Stores `node` if it changed, or if the last attempt failed. */
export const keepMemory = async (ports: MemoryPorts, memory: NodeMemory, node: NodeState): Promise<NodeMemory> => {
  if (node === memory.node && memory.isStored) return memory;
  const { identity } = ports.policy;
  const body = encodeNodeState({ identity, state: node, unknownFields: memory.unknownFields });
  const written = await ports.state.write(STATE_KEY, body, memory.revision);
  if (written._tag === 'Landed') return { ...memory, node, revision: written.revision, isStored: true };
  ports.log('error', 'the state cannot be stored; it is held in memory', {
    key: STATE_KEY,
    detail:
      written._tag === 'Conflict' ? 'someone else wrote it: are there two Summoners on this node?' : written.detail,
  });
  // The next attempt replaces whatever is there by then: this process is the only one that may write it.
  const reading = await ports.state.read(STATE_KEY);
  const revision = reading._tag === 'Found' ? reading.revision : undefined;
  return { ...memory, node, revision, isStored: reading._tag === 'Found' && reading.body === body };
};
