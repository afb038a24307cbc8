import { Header, type HeaderData, Pax } from 'tar';

/** What is wrong with the bytes of an artifact, as opposed to what went wrong while they were handled. */
export class BadTarball extends Error {}

/** One file or directory of a tarball. */
export interface TarEntry {
  /** As it stands in the tarball: nobody has checked it yet. */
  readonly path: string;
  readonly kind: 'file' | 'directory';
  readonly executable: boolean;
  /** To be read, if at all, before the next entry is asked for. */
  readonly content: AsyncIterable<Uint8Array>;
}

const BLOCK_BYTES = 512;

/** The largest extended header that is read, in bytes; ours hold nothing but a long path. */
const EXTENDED_HEADER_BYTES_MAX = 65_536;

/** Hands out bytes in the portions that are asked for, holding no more than the source's last chunk. */
interface Portions {
  /** Up to `length` bytes, in pieces; fewer only where the source ends. */
  readonly upTo: (length: number) => AsyncGenerator<Buffer>;
}

const portionsOf = (source: AsyncIterable<Uint8Array>): Portions => {
  const chunks = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  return {
    upTo: async function* (length) {
      for (let missing = length; missing > 0;) {
        while (held.length === 0) {
          const next = await chunks.next();
          if (next.done === true) return;
          held = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
        }
        const piece = held.subarray(0, missing);
        held = held.subarray(piece.length);
        missing -= piece.length;
        yield piece;
      }
    },
  };
};

const cutOff = (): BadTarball => new BadTarball('tarball: expected the end of the archive, got the end of the bytes');

const exactly = async (portions: Portions, length: number): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of portions.upTo(length)) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  if (bytes.length < length) throw cutOff();
  return bytes;
};

const paddingAfter = (size: number): number => (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;

/** Reads what is left of `content`, and keeps nothing of it. */
export const readToEnd = async (content: AsyncIterable<Uint8Array>): Promise<void> => {
  const pieces = content[Symbol.asyncIterator]();
  while ((await pieces.next()).done !== true);
};

/** After the first empty block everything is padding: what else stands there, another reader might unpack. */
const assertOnlyPadding = async (portions: Portions): Promise<void> => {
  for await (const piece of portions.upTo(Number.POSITIVE_INFINITY)) {
    if (piece.some((byte) => byte !== 0)) {
      throw new BadTarball('tarball: expected nothing after the end of the archive, got more entries');
    }
  }
};

const KINDS: Readonly<Record<string, TarEntry['kind']>> = {
  File: 'file',
  OldFile: 'file',
  ContiguousFile: 'file',
  Directory: 'directory',
};

const kindOf = (header: Header): TarEntry['kind'] => {
  const kind = KINDS[header.type];
  if (kind !== undefined) return kind;
  throw new BadTarball(
    `${JSON.stringify(header.path)}: expected a file or a directory, got ${header.type}; links and devices have no place in an artifact`,
  );
};

const readText = async (portions: Portions, header: Header, size: number): Promise<string> => {
  if (size > EXTENDED_HEADER_BYTES_MAX) {
    throw new BadTarball(
      `tarball: expected extended headers of at most ${EXTENDED_HEADER_BYTES_MAX} bytes, got ${header.type} of ${size}`,
    );
  }
  const text = (await exactly(portions, size)).toString();
  await exactly(portions, paddingAfter(size));
  return text;
};

/** Whether `header` is a file, a directory or the like, and not an extended header for the next of those. */
const isEntry = ({ type }: Header): boolean =>
  type !== 'ExtendedHeader' &&
  type !== 'GlobalExtendedHeader' &&
  type !== 'NextFileHasLongPath' &&
  type !== 'OldGnuLongPath';

const headerOf = (block: Buffer, extended: HeaderData | undefined, global: HeaderData | undefined): Header => {
  const header = new Header(block, 0, extended, global);
  if (!header.nullBlock && !header.cksumValid) {
    throw new BadTarball('tarball: expected a tar header, got a block with a wrong checksum');
  }
  // Header puts a ustar prefix before the path even where an extended header gave the whole of it.
  if (extended?.path !== undefined && isEntry(header)) header.path = extended.path;
  return header;
};

const sizeOf = (header: Header): number => {
  const { size = 0 } = header;
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new BadTarball(`${JSON.stringify(header.path)}: expected a size in bytes, got ${size}`);
};

/**
 * The entries of an uncompressed tar archive (ustar, pax and GNU long names), in bounded memory.
 *
 * @throws BadTarball at the first thing that is not a plain file or directory, or no tar at all; and whatever `source`
 * throws.
 */
export async function* tarEntries(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const portions = portionsOf(source);
  let extended: HeaderData | undefined;
  let global: HeaderData | undefined;
  for (;;) {
    const header = headerOf(await exactly(portions, BLOCK_BYTES), extended, global);
    if (header.nullBlock) break;
    const size = sizeOf(header);
    if (header.type === 'ExtendedHeader') {
      extended = Pax.parse(await readText(portions, header, size), extended);
    } else if (header.type === 'GlobalExtendedHeader') {
      global = Pax.parse(await readText(portions, header, size), global, true);
    } else if (header.type === 'NextFileHasLongPath' || header.type === 'OldGnuLongPath') {
      extended = { ...extended, path: (await readText(portions, header, size)).replace(/\0.*$/s, '') };
    } else {
      extended = undefined;
      const kind = kindOf(header);
      let unread = size;
      const content = async function* (): AsyncGenerator<Buffer> {
        for await (const piece of portions.upTo(unread)) {
          unread -= piece.length;
          yield piece;
        }
        if (unread > 0) throw cutOff();
      };
      yield {
        path: header.path ?? '',
        kind,
        executable: ((header.mode ?? 0) & 0o111) !== 0,
        content: content(),
      };
      await readToEnd(content());
      await exactly(portions, paddingAfter(size));
    }
  }
  await assertOnlyPadding(portions);
}
