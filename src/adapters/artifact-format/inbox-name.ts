/** Whether a name in an inbox is that of a tarball to be taken in: `*.tar.gz`, not hidden, not below another name. */
export const isInboxName = (name: string): boolean =>
  name.endsWith('.tar.gz') && !name.startsWith('.') && !name.includes('/') && name.length <= 1_024;

/** In the order in which an inbox lists what it holds. */
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : 1;
