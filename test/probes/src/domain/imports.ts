import * as E from 'fp-ts/Either'; // bites: no-restricted-imports fp-ts/lib/X.js
import { pipe } from 'fp-ts'; // bites: no-restricted-imports fp-ts/lib/X.js
import { string } from 'io-ts'; // bites: no-restricted-syntax import * as t
import * as D from 'io-ts/Decoder'; // bites: no-restricted-imports stable module

export { nothing } from './nothing.js'; // bites: no-restricted-imports `.ts` extension, depcruise resolvable, depcruise domain-inward
export type { Version } from 'signalbox/no-such-entry'; // bites: no-restricted-imports does not import itself, depcruise resolvable, depcruise domain-inward
export const used = { E, pipe, string, D }; // bites: @typescript-eslint/no-unsafe-assignment
