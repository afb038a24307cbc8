import { readFileSync } from 'node:fs';

/** A history that was written down. */
export interface KnownTrace {
  /** A ready scenario. */
  readonly scenario: string;
  readonly seed: number;
  /** The hash of its trace. */
  readonly trace: string;
}

/** Where they are. */
export const TRACES_FILE = new URL('./known-traces.json', import.meta.url);

/** All of them. */
export const KNOWN_TRACES = JSON.parse(readFileSync(TRACES_FILE, 'utf8')) as readonly KnownTrace[];
