import type { Two } from './cycle-two.ts'; // bites: depcruise no-cycles

export interface One {
  readonly two?: Two;
}
