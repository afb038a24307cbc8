/**
 * How the executable for nodes loads its parts: the pieces into which the bundler has split the code, each with what V8 has
 * compiled of it beforehand. In itself it holds of them only what a command loads.
 *
 * @module
 */
import { Script } from 'node:vm';

/** A piece of the bundle, of the CommonJS kind. */
export interface Chunk {
  readonly text: string;
  /** What V8 made of the same text under the same flags, if anything. */
  readonly compiled: Buffer | undefined;
}

/** The bundler's name for the piece with which all begins. */
export const FIRST = './main.js';

/** The piece with what V8 has compiled of `chunk`. */
export const compiledOf = (chunk: string): string => `${chunk}.compiled`;

/** What a piece calls; for what is no other piece, the one of Node. */
type Require = (id: string) => unknown;

/** Compiles a piece, and runs nothing of it. */
export const compile = (name: string, { text, compiled }: Chunk): Script =>
  new Script(`(function(exports,require,module){${text}\n})`, {
    filename: name,
    ...(compiled === undefined ? {} : { cachedData: compiled }),
  });

/** A `require` that runs each piece once, when it is first asked for. */
export const requireFrom = (scriptOf: (name: string) => Script, requireOfNode: Require): Require => {
  const modules = new Map<string, { exports: unknown }>();
  const require: Require = (id) => {
    if (!id.startsWith('./')) return requireOfNode(id);
    const known = modules.get(id);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    modules.set(id, module);
    const run = scriptOf(id.slice('./'.length)).runInThisContext() as (
      exports: unknown,
      require: Require,
      module: unknown,
    ) => void;
    run(module.exports, require, module);
    return module.exports;
  };
  return require;
};
