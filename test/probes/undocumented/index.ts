export const bareVariable = 1;

export const bareFunction = (): number => 1;

export interface BareInterface {
  readonly field: number;
}

export type BareAlias = BareInterface | number;

export class BareClass {}

/** This one is documented, and one of its functions is not. */
export interface Documented {
  readonly bareMethod: () => void;
  /** Does nothing. */
  readonly documentedMethod: () => void;
  /** Points at {@link Nowhere}. */
  readonly field: Hidden;
}

/** Not exported, so that whoever reads of it finds nothing. */
interface Hidden {
  readonly field: number;
}
