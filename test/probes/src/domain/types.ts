import { Ord } from 'fp-ts/lib/Ord.js'; // bites: @typescript-eslint/consistent-type-imports import type

type Tag = { readonly _tag: 'One' } | { readonly _tag: 'Two' };

export const missingCase = (tag: Tag): number => {
  // The next line lacks a case, the switch after it has a default that would swallow a third tag.
  switch (
    tag._tag // bites: @typescript-eslint/switch-exhaustiveness-check "Two"
  ) {
    case 'One':
      return 1;
  }
  return 0;
};

export const swallowed = (tag: Tag): number => {
  switch (tag._tag) {
    case 'One':
      return 1;
    case 'Two':
      return 2;
    default: // bites: @typescript-eslint/switch-exhaustiveness-check default case
      return 0;
  }
};

export const loose = (a: unknown, b: unknown): boolean => a == b; // bites: eqeqeq
export const anything = (value: any): unknown => value; // bites: @typescript-eslint/no-explicit-any
export const forced = (value: string): Ord<string> => value as unknown as Ord<string>; // bites: no-restricted-syntax proves nothing
export const asserted = (list: readonly string[]): string => list[0]!; // bites: @typescript-eslint/no-non-null-assertion
export const shown = (value: Tag): string => `${value}`; // bites: @typescript-eslint/restrict-template-expressions, @typescript-eslint/no-base-to-string
// @ts-ignore // bites: @typescript-eslint/ban-ts-comment
export const ignored: number = 'text';
// eslint-disable-next-line no-control-regex -- bites: unused-directive
export const pattern = /a/;
export const unit = (f: () => void): unknown => {
  return f(); // bites: @typescript-eslint/no-confusing-void-expression
};
export const second = (_first: number, last: number): number => 2; // bites: @typescript-eslint/no-unused-vars 'last'
