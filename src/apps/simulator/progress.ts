/**
 * How far a simulation has come, on a terminal.
 *
 * @module
 */
const CELLS = 30;

/** A bar for `share`, 0 … 1, of the whole: `[######        ]  42%`. */
const progressBar = (share: number): string => {
  const done = Math.min(Math.max(share, 0), 1);
  const bar = '#'.repeat(Math.floor(done * CELLS)).padEnd(CELLS);
  return `[${bar}] ${String(Math.floor(done * 100)).padStart(3)}%`;
};

/** Shows each bar that differs from the one before, however often it is told. */
export const showProgress = (show: (line: string) => void): ((share: number) => void) => {
  let shown = '';
  return (share) => {
    const bar = progressBar(share);
    if (bar !== shown) show(bar);
    shown = bar;
  };
};
