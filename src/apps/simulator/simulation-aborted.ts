/** What a simulation rejects with that is told to end before its end: half a history is no answer. */
export class SimulationAborted extends Error {
  override readonly name = 'SimulationAborted';

  /** It says no more than that. */
  constructor() {
    super('the simulation was stopped before its end');
  }
}
