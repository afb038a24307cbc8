/**
 * Files that survive: replaced whole or not at all, by one writer or by several, through crashes and power loss. What
 * the adapters that keep files share; an app that writes a file of its own uses {@link replaceFile}.
 *
 * @module
 */
export { compareAndSwap, type SharedFile } from './compare-and-swap.ts';
export { makeDirectories } from './directories.ts';
export { describeFailure, errnoOf, unlessErrno } from './failure.ts';
export { type DirectoryEntry, type FileLook, type FileSystem, type NewFile, NOT_A_FILE } from './file-system.ts';
export { clearTemporaries, settleLeftovers } from './leftovers.ts';
export { nodeFileSystem } from './node-file-system.ts';
export { replaceFile, type Replacement } from './replace-file.ts';
export { authorOfTemporary, isAbandoned, temporaryPath } from './temporary.ts';
