import { execFile } from 'node:child_process';
import type { CommitSource } from '../../ports/commit-source.ts';

/** Git answers within milliseconds; on a network file system it may take a while. */
const TIME_LIMIT_MS = 30_000;

const OUTPUT_BYTES_MAX = 1_048_576;

/** The output of `git` in `directory`; rejects with what it said when it fails. */
const git = (directory: string, ...args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(
      'git',
      ['--no-optional-locks', '-C', directory, ...args],
      { timeout: TIME_LIMIT_MS, maxBuffer: OUTPUT_BYTES_MAX },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(stderr.trim().split('\n')[0] || error.message));
      },
    );
  });

/** Whether the directory is as the commit has it; more changes than fit into the output are changes, too. */
const isClean = async (directory: string): Promise<boolean> => {
  try {
    return (await git(directory, 'status', '--porcelain', '--', '.')) === '';
  } catch {
    return false;
  }
};

/** Asks the `git` of this machine. */
export const gitCommitSource: CommitSource = async (directory) => {
  try {
    const [hash = '', author = ''] = (await git(directory, 'log', '-1', '--format=%H%n%an <%ae>')).split('\n');
    return { _tag: 'Found', hash, author, isClean: await isClean(directory) };
  } catch (error) {
    return { _tag: 'Unknown', detail: error instanceof Error ? error.message : String(error) };
  }
};
