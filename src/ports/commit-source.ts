/** What a directory was checked out from. */
export type CommitReading =
  | {
      readonly _tag: 'Found';
      readonly hash: string;
      /** `Name <address>`, as Git writes it. */
      readonly author: string;
      /** False where the directory differs from the commit. */
      readonly isClean: boolean;
    }
  /** It lies in no work tree, or in one that cannot be read. */
  | { readonly _tag: 'Unknown'; readonly detail: string };

/** Tells which commit a directory is at. Never rejects. */
export type CommitSource = (directory: string) => Promise<CommitReading>;
