import * as O from 'fp-ts/lib/Option.js';
import type { UploadProgress } from '../uploads.ts';

/** How far an upload is, for people. */
export const describeUpload = ({ version, stack, bytesDone, bytesTotal, files }: UploadProgress): string => {
  const done = O.isSome(files)
    ? `${files.value.done} of ${files.value.total} files`
    : `${bytesDone} of ${bytesTotal} bytes`;
  return `uploading ${version} to ${stack}: ${done}`;
};
