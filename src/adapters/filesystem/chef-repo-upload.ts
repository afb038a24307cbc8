import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { cookbookDigest, type UnpackedCookbook, type UnpackedFile, versionOfThree } from '../artifact-format/index.ts';
import { type FileSystem, unlessErrno } from '../durable-files/index.ts';

/**
 * The directory of one version of a cookbook below `cookbooks`, as chef-client reads it with `versioned_cookbooks`: it
 * knows versions of three numbers only.
 */
export const cookbookDirectoryName = ({ name, version }: Pick<UnpackedCookbook, 'name' | 'version'>): string =>
  `${name}-${versionOfThree(version)}`;

/** Where the files of an upload lie until all of them are there and checked. */
export interface Staging {
  readonly write: (file: UnpackedFile) => Promise<void>;
  /** Makes every file and directory that was written durable. */
  readonly sync: () => Promise<void>;
  readonly pathOf: (cookbook: Pick<UnpackedCookbook, 'folder' | 'name'>) => string;
  readonly remove: () => Promise<void>;
}

/** Makes the directory `root` and stages below it. */
export const stageUpload = async (fs: FileSystem, root: string): Promise<Staging> => {
  const made = new Set<string>([root]);
  await fs.makeDirectory(root);
  const makeUpTo = async (directory: string): Promise<void> => {
    if (made.has(directory)) return;
    await makeUpTo(dirname(directory));
    await fs.makeDirectory(directory);
    made.add(directory);
  };
  return {
    write: async ({ folder, cookbook, file, executable, content }) => {
      const path = join(root, folder, cookbook, file);
      await makeUpTo(dirname(path));
      const written = await fs.create(path, executable);
      try {
        for await (const piece of content) await written.write(piece);
        await written.sync();
      } finally {
        await written.close();
      }
    },
    sync: async () => {
      for (const directory of made) await fs.syncDirectory(directory);
    },
    pathOf: ({ folder, name }) => join(root, folder, name),
    remove: () => fs.removeTree(root),
  };
};

/** The digest of the cookbook in `directory`; nothing when there is none, or it is empty. */
export const digestOfDirectory = async (fs: FileSystem, directory: string): Promise<string | undefined> => {
  const sha256ByFile = new Map<string, string>();
  const walk = async (path: string, inside: string): Promise<void> => {
    for (const { name, kind } of (await unlessErrno(['ENOENT'], () => fs.list(path))) ?? []) {
      if (kind === 'directory') {
        await walk(join(path, name), `${inside}${name}/`);
        continue;
      }
      const hash = createHash('sha256');
      // What is no file was put there by hand; as a name without content it makes the cookbook another one.
      if (kind === 'file') for await (const piece of fs.stream(join(path, name))) hash.update(piece);
      sha256ByFile.set(`${inside}${name}`, kind === 'file' ? hash.digest('hex') : kind);
    }
  };
  await walk(directory, '');
  return sha256ByFile.size === 0 ? undefined : cookbookDigest(sha256ByFile);
};
