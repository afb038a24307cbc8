/** Keeps the end of a stream of output in bounded memory, however much goes by (fault 51). */
export interface OutputTail {
  readonly add: (piece: Buffer) => void;
  /** How many pieces have gone by, to tell whether output still comes. */
  readonly pieces: () => number;
  readonly text: () => string;
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Keeps the last `bytesMax` bytes, less where a character of UTF-8 would be cut. */
export const outputTail = (bytesMax: number): OutputTail => {
  const kept: Buffer[] = [];
  let [keptBytes, allBytes, pieces] = [0, 0, 0];
  return {
    add: (piece) => {
      pieces += 1;
      allBytes += piece.length;
      // A copy: a small rest of a large buffer would keep all of it.
      const end = Buffer.from(piece.subarray(Math.max(piece.length - bytesMax, 0)));
      kept.push(end);
      keptBytes += end.length;
      for (let first = kept[0]; first !== undefined && keptBytes - first.length >= bytesMax; first = kept[0]) {
        keptBytes -= first.length;
        kept.shift();
      }
    },
    pieces: () => pieces,
    text: () => {
      const all = Buffer.concat(kept);
      let start = Math.max(all.length - bytesMax, 0);
      if (allBytes > all.length - start) while (isContinuation(all[start])) start += 1;
      return all.subarray(start).toString();
    },
  };
};
