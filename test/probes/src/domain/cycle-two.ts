import type { One } from './cycle-one.ts'; // bites: depcruise no-cycles

export interface Two {
  readonly one?: One;
}
