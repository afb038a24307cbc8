import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One line of a probe that has to fail: `// bites: <rule> <words of the message>`. */
export interface Marker {
  /** Path below the folder of probes. */
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  /** What the tool's message has to contain. */
  readonly words: string;
  /** The module that the line imports, if it does, without the `node:` prefix. */
  readonly specifier: string | undefined;
}

const markersOfLine = (file: string, text: string, index: number): readonly Marker[] => {
  const list = /\bbites: (.*)$/.exec(text)?.[1];
  if (list === undefined) return [];
  const specifier = / from '(?:node:)?([^']+)'/.exec(text)?.[1];
  return list.split(', ').map((bite) => {
    const [rule = '', ...words] = bite.split(' ');
    return { file, line: index + 1, rule, words: words.join(' '), specifier };
  });
};

/** Every line under `folder` that says it has to fail. */
export const markersUnder = (folder: string): readonly Marker[] =>
  globSync('**/*.ts', { cwd: folder })
    .toSorted()
    .flatMap((file) =>
      readFileSync(join(folder, file), 'utf8')
        .split('\n')
        .flatMap((text, index) => markersOfLine(file, text, index)),
    );
