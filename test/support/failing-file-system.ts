import { type FileSystem, nodeFileSystem } from '../../src/adapters/durable-files/index.ts';

/** The operations of a file system that can be made to fail. */
export type Operation = Exclude<keyof FileSystem, 'author' | 'authorIsGone'> | 'write' | 'sync';

/** An error of the operating system. */
export const systemError = (code: string): Error =>
  Object.assign(new Error(`${code}: as ordered by the test`), { code });

/**
 * The machine's file system, some operations of which fail.
 *
 * @param errnoOf - the errno with which an operation on a path fails, or nothing.
 */
export const failingFileSystem = (errnoOf: (operation: Operation, path: string) => string | undefined): FileSystem => {
  const check = (operation: Operation, path: string): void => {
    const code = errnoOf(operation, path);
    if (code !== undefined) throw systemError(code);
  };
  return {
    ...nodeFileSystem,
    create: async (path, executable) => {
      check('create', path);
      const file = await nodeFileSystem.create(path, executable);
      return {
        ...file,
        write: async (bytes) => {
          check('write', path);
          await file.write(bytes);
        },
        sync: async () => {
          check('sync', path);
          await file.sync();
        },
      };
    },
    look: async (path, bytesMax, links) => {
      check('look', path);
      return nodeFileSystem.look(path, bytesMax, links);
    },
    link: async (existing, path) => {
      check('link', path);
      await nodeFileSystem.link(existing, path);
    },
    symlink: async (target, path) => {
      check('symlink', path);
      await nodeFileSystem.symlink(target, path);
    },
    rename: async (from, to) => {
      check('rename', to);
      await nodeFileSystem.rename(from, to);
    },
    unlink: async (path) => {
      check('unlink', path);
      await nodeFileSystem.unlink(path);
    },
    makeDirectory: async (path) => {
      check('makeDirectory', path);
      await nodeFileSystem.makeDirectory(path);
    },
    list: async (path) => {
      check('list', path);
      return nodeFileSystem.list(path);
    },
    syncDirectory: async (path) => {
      check('syncDirectory', path);
      await nodeFileSystem.syncDirectory(path);
    },
  };
};
