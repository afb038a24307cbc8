import { env } from 'node:process'; // bites: no-restricted-imports Only a main.ts

export const step = process.argv; // bites: no-restricted-globals 'process'
export const now = (): number => Date.now(); // bites: no-restricted-globals 'Date'
export const dice = (): number => Math.random(); // bites: no-restricted-properties 'Math.random'
export const used = env;

const effect = async (): Promise<void> => undefined;

export const forgotten = (): void => {
  effect(); // bites: @typescript-eslint/no-floating-promises
};

export const misused = (list: readonly string[]): void => {
  list.forEach(async () => effect()); // bites: @typescript-eslint/no-misused-promises
};
