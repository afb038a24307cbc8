/**
 * Bytes that are alive, garbage not counted: objects, and the buffers behind typed arrays. Nothing where Node was not told
 * to let garbage be collected.
 */
export const liveBytes = (): number | undefined => {
  if (globalThis.gc === undefined) return undefined;
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
