/**
 * The disk of one node: the Summoner's state and the fallback's record, and what can become of them.
 *
 * What is written is kept as the value that it stands for, and becomes text when somebody reads it after a start.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { Assignment } from '../../domain/assignment.ts';
import { EMPTY_FALLBACK_RECORD, type FallbackRecord } from '../../domain/fallback-record.ts';
import type { LastRun } from '../../domain/last-run.ts';
import { nameFromLiteral, NodeName, type Version } from '../../domain/names.ts';
import { EMPTY_NODE_STATE, encodeNodeState, type NodeState, type StoredNodeState } from '../../domain/node-state.ts';
import { type EpochMs, SECOND_MS } from '../../domain/time.ts';
import type { StateReading } from '../../ports/state-store.ts';
import type { NodeMemory } from '../summoner/node-memory.ts';

const NUL = '\0\0\0';

/** The disk of one node. */
export class NodeDisk {
  /** Nothing can be written before then. */
  fullUntil = -Infinity;
  readonly #identity: Assignment;
  #state: StoredNodeState | 'garbage' | undefined;
  #record: FallbackRecord = EMPTY_FALLBACK_RECORD;
  #spareRecord: FallbackRecord | undefined;

  /** @param installed - the version that the node has applied, with success at that instant. */
  constructor(identity: Assignment, installed: Version | undefined, at: EpochMs) {
    this.#identity = identity;
    if (installed === undefined) return;
    const state: NodeState = { ...EMPTY_NODE_STATE, applied: O.some(installed), lastSuccess: O.some(at) };
    this.#state = { identity, state, unknownFields: {} };
  }

  /** The fallback's own record. */
  get record(): FallbackRecord {
    return this.#record;
  }

  /** That record in its second place, which is in memory; nothing where none lies there. */
  get spareRecord(): FallbackRecord | undefined {
    return this.#spareRecord;
  }

  /** The state that lies there; nothing where there is none, or none that can be read. */
  get state(): NodeState | undefined {
    return this.#state === 'garbage' ? undefined : this.#state?.state;
  }

  /** Whether a state lies there that can be read, and is this node's own. */
  get hasOwnState(): boolean {
    return this.#state !== 'garbage' && this.#state?.identity === this.#identity;
  }

  /** The state as its file. */
  read(): StateReading {
    if (this.#state === undefined) return { _tag: 'Missing' };
    return { _tag: 'Found', body: this.#state === 'garbage' ? NUL : encodeNodeState(this.#state), revision: 'read' };
  }

  /** The Summoner's last success, as the fallback reads it out of that file. */
  lastRun(): LastRun {
    if (this.#state === 'garbage') return { _tag: 'Torn' };
    const at = this.#state === undefined ? O.none : this.#state.state.lastSuccess;
    return O.isSome(at) ? { _tag: 'Succeeded', epochSeconds: Math.floor(at.value / SECOND_MS) } : { _tag: 'Never' };
  }

  /** Writes the state, where it can be written. */
  keep(memory: NodeMemory, state: NodeState, at: EpochMs): NodeMemory {
    const { unknownFields } = memory;
    const isStored = at >= this.fullUntil;
    if (isStored) this.#state = { identity: this.#identity, state, unknownFields };
    return { node: state, unknownFields, revision: memory.revision, isLoaded: memory.isLoaded, isStored };
  }

  /** Writes the fallback's record: to its own place, or where that cannot be written, to its second one. */
  writeRecord(record: FallbackRecord, at: EpochMs): void {
    const isFull = at < this.fullUntil;
    if (!isFull) this.#record = record;
    this.#spareRecord = isFull ? record : undefined;
  }

  /** The machine is off: what lay in memory is gone. */
  powerOff(): void {
    this.#spareRecord = undefined;
  }

  /** The state becomes garbage. */
  tear(): void {
    this.#state = 'garbage';
  }

  /** The state becomes another node's. */
  swap(): void {
    if (this.#state === undefined || this.#state === 'garbage') return;
    const identity = { ...this.#state.identity, node: nameFromLiteral(NodeName)('another-node') };
    this.#state = { ...this.#state, identity };
  }
}
