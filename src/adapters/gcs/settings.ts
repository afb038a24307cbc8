import type { StorageOptions } from '@google-cloud/storage';

/** Where a bucket is and how it is reached. */
export interface GcsSettings {
  readonly bucket: string;
  /** Names joined by `/` that stand before every object's; nothing by default. Fleets and ports may share a bucket this way. */
  readonly prefix?: string;
  /** The service under another address, such as `https://storage-name.p.googleapis.com`; Google's own by default. */
  readonly apiEndpoint?: string;
  /**
   * Lets requests leave this machine without TLS; without it they are refused. A server on the loopback interface needs no
   * leave. Credentials are used with TLS only: no token ever travels in the clear.
   */
  readonly allowHttp?: boolean;
  /**
   * Who asks. By default the application default credentials, wherever Google's libraries look for them: a file that the
   * environment names, `gcloud`'s own, workload identity, the machine's service account; they renew what expires.
   */
  readonly authClient?: NonNullable<StorageOptions['authClient']>;
  /**
   * How long one request may take, in milliseconds, from the search for credentials to the last byte (faults 6 and 7);
   * {@link DEADLINE_MS_DEFAULT} by default, at most {@link DEADLINE_MS_MAX}.
   */
  readonly deadlineMs?: number;
  /**
   * A tarball may take as long as it moves. One that does not for so many milliseconds is given up;
   * {@link STALL_MS_DEFAULT} by default, at most {@link DEADLINE_MS_MAX}.
   */
  readonly stallMs?: number;
}

/** How long one request may take when nothing else is said, in milliseconds. */
export const DEADLINE_MS_DEFAULT = 10_000;

/** How long a tarball may stand still when nothing else is said, in milliseconds: a slow link has megabytes in its buffers. */
export const STALL_MS_DEFAULT = 60_000;

/** The longest that a request may be given, in milliseconds: ten minutes. */
export const DEADLINE_MS_MAX = 600_000;

const BUCKET = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const UNFIT_FOR_A_PREFIX = /^\/|\/$|\/\/|(^|\/)\.\.?(\/|$)|[\u0000-\u001f\u007f#*?[\]\\]/;

const PREFIX_LENGTH_MAX = 256;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Whether requests to this server may go without TLS. */
export const mayGoWithoutTls = ({ allowHttp }: GcsSettings, hostname: string): boolean =>
  allowHttp === true || LOOPBACK.test(hostname);

const assertWithin = (name: string, ms: number): number => {
  if (Number.isInteger(ms) && ms >= 1 && ms <= DEADLINE_MS_MAX) return ms;
  throw new TypeError(`${name}: expected a whole number of milliseconds, 1 to ${DEADLINE_MS_MAX}, got ${ms}`);
};

/** {@link GcsSettings} that were checked, with what is usual filled in. */
export interface CheckedSettings {
  readonly bucket: string;
  /** What names begin with: empty, or ending in a slash. */
  readonly namePrefix: string;
  readonly deadlineMs: number;
  readonly stallMs: number;
}

/**
 * Checks what a person configured.
 *
 * @throws TypeError that names the field, what was expected and what came.
 */
export const checkSettings = ({ bucket, prefix = '', deadlineMs, stallMs }: GcsSettings): CheckedSettings => {
  if (!BUCKET.test(bucket)) {
    throw new TypeError(
      `bucket: expected 3 to 222 of a-z 0-9 - _ . starting and ending with a letter or digit, got ${JSON.stringify(bucket)}`,
    );
  }
  if (UNFIT_FOR_A_PREFIX.test(prefix) || prefix.length > PREFIX_LENGTH_MAX) {
    throw new TypeError(
      `prefix: expected names joined by "/", at most ${PREFIX_LENGTH_MAX} characters, without control characters and # * ? [ ] \\, got ${JSON.stringify(prefix)}`,
    );
  }
  return {
    bucket,
    namePrefix: prefix === '' ? '' : `${prefix}/`,
    deadlineMs: assertWithin('deadlineMs', deadlineMs ?? DEADLINE_MS_DEFAULT),
    stallMs: assertWithin('stallMs', stallMs ?? STALL_MS_DEFAULT),
  };
};
