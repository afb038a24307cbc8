/** Says in one line how the last `npm test` ended, from the report that it wrote. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './tool.ts';

interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

const report = JSON.parse(readFileSync(join(ROOT, 'coverage/tests.json'), 'utf8')) as Report;
// A file that could not even be loaded holds no test that could fail, and is a failure all the same.
const brokenFiles = report.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
).length;
const skipped = report.numPendingTests + report.numTodoTests;
console.log(
  `Tests: ${report.numPassedTests} passed, ${report.numFailedTests + brokenFiles} failed, ${skipped} skipped`,
);
