/** What the other probes import; nothing here breaks a rule. */
export interface Probe {
  readonly probe: () => Promise<void>;
}
