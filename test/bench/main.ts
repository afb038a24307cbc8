/**
 * The benchmark: `npm run bench`, or `npm run --silent bench -- --json --section decode-small`.
 *
 * It measures and tells; it fails only when a section cannot be measured. A goal that is not met on a busy machine is
 * not an error.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { jsonLine, paragraph } from './report.ts';
import type { Effort } from './section.ts';
import { SECTIONS } from './sections.ts';

const FULL: Effort = {
  rounds: 15,
  roundMs: 200,
  processes: 40,
  polls: 120,
  nodes: 10_000,
  simulations: 5,
  artifactBytes: 1_000_000_000,
};
/** Enough to see that every section runs; what it measures means nothing. */
const QUICK: Effort = {
  rounds: 1,
  roundMs: 1,
  processes: 1,
  polls: 2,
  nodes: 100,
  simulations: 1,
  artifactBytes: 1_000_000,
};

const USAGE = `usage: npm run --silent bench -- [--json] [--quick] [--section NAME]…
  --json     one line of JSON per section
  --quick    run everything once; the figures mean nothing
  --section  one of ${SECTIONS.map(({ name }) => name).join(', ')}`;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    section: { type: 'string', multiple: true, default: [] },
  },
});

const unknown = values.section.filter((wanted) => !SECTIONS.some(({ name }) => name === wanted));
if (values.help) {
  console.log(USAGE);
} else if (unknown.length > 0) {
  console.error(`--section: expected a section, got ${unknown.join(', ')}\n${USAGE}`);
  process.exitCode = 64;
} else {
  for (const section of SECTIONS) {
    if (values.section.length > 0 && !values.section.includes(section.name)) continue;
    const result = await section.measure(values.quick ? QUICK : FULL);
    console.log(values.json ? jsonLine(section, result) : paragraph(section, result));
  }
}
