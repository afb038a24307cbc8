import type { ExitCode } from './exit-code.ts';

/** What follows a command's help: the command as it is called. */
export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ signalbox ${line}`).join('\n')}\n`;

/** What the exit codes of a command mean, beyond those that every command has. */
export const exitCodes = (meanings: readonly (readonly [code: ExitCode, meaning: string])[]): string =>
  `\nExit codes:\n${meanings.map(([code, meaning]) => `  ${String(code).padEnd(3)} ${meaning}`).join('\n')}\n`;
