/**
 * The examples of the documentation are true: each `ts` block of the documents and each `@example` in the sources is
 * compiled against the built package and run, and each shell block that asks for it is run, its output compared with
 * the block that follows it.
 *
 * `node test/gates/examples.ts` checks them all; it needs `npm run build` to have run.
 */
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT, runTool } from './tool.ts';

/** A piece of code that some document promises to work. */
export interface Example {
  /** The document, relative to the project, or absolute outside it. */
  readonly file: string;
  /** Where its code begins there, counted from 1. */
  readonly line: number;
  readonly language: 'ts' | 'sh';
  readonly code: string;
  /** What it prints, where the document says so; `…` stands for any text. */
  readonly output: string | undefined;
}

/** An example that does not do what its document says. */
export interface Failure {
  readonly example: Example;
  readonly detail: string;
}

interface Block {
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** The last line before the block that is not empty. */
  readonly before: string;
}

/** The fenced blocks of a document, in order. */
const blocksOf = (markdown: string): readonly Block[] => {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  let open:
    { readonly fence: string; readonly indent: string; readonly language: string; readonly line: number } | undefined;
  let before = '';
  let text: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (open === undefined) {
      const [, indent = '', fence, language = ''] = /^(\s*)(`{3,}|~{3,})\s*([\w-]*)/.exec(line) ?? [];
      if (fence !== undefined) [open, text] = [{ fence, indent, language, line: index + 2 }, []];
      else if (line.trim() !== '') before = line.trim();
    } else if (line.trim().startsWith(open.fence)) {
      blocks.push({ line: open.line, language: open.language, text: text.join('\n'), before });
      [open, before] = [undefined, '```'];
    } else {
      text.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
    }
  }
  return blocks;
};

const RUN = '<!-- run -->';

/** What of a document has to work: every `ts` block, and the shell blocks marked with `<!-- run -->`. */
export const examplesOfDocument = (file: string, markdown: string): readonly Example[] => {
  const blocks = blocksOf(markdown);
  return blocks.flatMap((block, index): readonly Example[] => {
    if (block.language === 'ts' || block.language === 'typescript') {
      return [{ file, line: block.line, language: 'ts', code: block.text, output: undefined }];
    }
    if (!['sh', 'bash', 'shell', 'console'].includes(block.language) || block.before !== RUN) return [];
    const next = blocks[index + 1];
    const output = next?.before === '```' && ['', 'text', 'json'].includes(next.language) ? next.text : undefined;
    return [{ file, line: block.line, language: 'sh', code: block.text, output }];
  });
};

/** The `@example` blocks of a source file's doc comments. */
export const examplesOfSource = (file: string, source: string): readonly Example[] =>
  [...source.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) => {
    const firstLine = source.slice(0, comment.index).split('\n').length;
    const lines = comment[0].split('\n').map((line) => line.replace(/^\s*(\/\*\*|\*(?!\/)) ?/, ''));
    return lines.flatMap((line, index): readonly Example[] => {
      if (!/^@example\b/.test(line)) return [];
      const length = lines.slice(index + 1).findIndex((next) => /^@\w/.test(next));
      const text = lines.slice(index + 1, length === -1 ? undefined : index + 1 + length).join('\n');
      const examples = examplesOfDocument(file, text);
      if (examples.length === 0)
        throw new Error(`${file}:${firstLine + index}: expected a \`\`\`ts block after @example`);
      return examples.map((example) => ({ ...example, line: firstLine + index + example.line }));
    });
  });

/** Whether `actual` is what `expected` says, where `…` stands for any text and blank ends of lines do not count. */
export const outputMatches = (expected: string, actual: string): boolean => {
  const tidy = (text: string): string => text.replace(/[ \t]+$/gm, '').trim();
  const pattern = tidy(expected)
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[\\s\\S]*?');
  return new RegExp(`^${pattern}$`).test(tidy(actual));
};

const EXAMPLE_TIME_LIMIT_MS = 120_000;

/** A folder in which the built package is installed: everything that an example may import, and nothing else. */
const makeWorkshop = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-examples-'));
  for (const name of ['fp-ts', 'io-ts', 'fast-check', 'vitest', '@types/node', 'undici-types']) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
  symlinkSync(ROOT, join(folder, 'node_modules/signalbox'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const { compilerOptions } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')) as {
    readonly compilerOptions: object;
  };
  const options = { ...compilerOptions, noUnusedLocals: false, noUnusedParameters: false, skipLibCheck: false };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: options, include: ['*.ts'] }, undefined, 2),
  );
  return folder;
};

const fileNameOf = ({ file, line }: Example): string => `${file.replace(/[^A-Za-z0-9.]+/g, '_')}.L${line}.ts`;

const compileErrors = async (workshop: string): Promise<ReadonlyMap<string, string>> => {
  const { code, stdout } = await runTool('tsc', ['-p', '.', '--pretty', 'false'], { cwd: workshop });
  const errors = new Map<string, string>();
  for (const text of stdout.split(/\n(?=\S)/)) {
    const [, file, line, what] = /^([^(]+)\((\d+),\d+\): error ([\s\S]*)$/.exec(text.trim()) ?? [];
    if (file !== undefined) errors.set(file, `${errors.get(file) ?? ''}line ${line ?? ''}: ${what ?? ''}\n`);
  }
  if (code !== 0 && errors.size === 0) throw new Error(`tsc failed without naming a file:\n${stdout}`);
  return errors;
};

const runExample = async (workshop: string, example: Example): Promise<string | undefined> => {
  const [command, args, cwd] =
    example.language === 'ts'
      ? (['node', ['--disable-warning=ExperimentalWarning', fileNameOf(example)], workshop] as const)
      : (['bash', ['-euo', 'pipefail', '-c', example.code], ROOT] as const);
  const { code, stdout, stderr } = await runTool(command, args, { cwd, timeLimitMs: EXAMPLE_TIME_LIMIT_MS });
  if (code !== 0) return `exit ${code ?? 'by a signal'}\n${stdout}${stderr}`;
  if (example.output === undefined || outputMatches(example.output, stdout)) return undefined;
  return `expected\n${example.output}\ngot\n${stdout}`;
};

/** Compiles and runs `examples`; what failed, each with the reason. */
export const checkExamples = async (examples: readonly Example[]): Promise<readonly Failure[]> => {
  const workshop = makeWorkshop();
  try {
    for (const example of examples.filter(({ language }) => language === 'ts')) {
      // Empty lines above the code give the compiler's errors the line numbers of the document.
      writeFileSync(
        join(workshop, fileNameOf(example)),
        `${'\n'.repeat(example.line - 1)}${example.code}\nexport {};\n`,
      );
    }
    const errors = await compileErrors(workshop);
    const failures: Failure[] = [...errors.keys()]
      .filter((file) => !examples.some((example) => fileNameOf(example) === file))
      .map((file) => ({
        example: { file, line: 0, language: 'ts', code: '', output: undefined },
        detail: errors.get(file) ?? '',
      }));
    for (const example of examples) {
      const detail = errors.get(fileNameOf(example)) ?? (await runExample(workshop, example));
      if (detail !== undefined) failures.push({ example, detail });
    }
    return failures;
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
};

/** Every example of the project. */
export const allExamples = (): readonly Example[] => {
  const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
  const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT, exclude: ['docs/api/**'] }).toSorted();
  const sources = globSync('src/**/*.ts', { cwd: ROOT }).toSorted();
  return [
    ...documents.flatMap((file) => examplesOfDocument(file, read(file))),
    ...sources.flatMap((file) => examplesOfSource(file, read(file))),
  ];
};

if (import.meta.main) {
  const examples = allExamples();
  const failures = await checkExamples(examples);
  for (const { example, detail } of failures) console.error(`${example.file}:${example.line}: ${detail}\n`);
  console.log(`Examples: ${examples.length - failures.length} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
