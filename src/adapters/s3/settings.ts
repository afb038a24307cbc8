/** A role to ask as. */
export interface S3Role {
  /** Such as `arn:aws:iam::123456789012:role/signalbox-node`. */
  readonly arn: string;
  /** What the owner of the role asks of foreign callers. */
  readonly externalId?: string;
  /** What the bucket's audit log calls this caller: 2 to 64 of `A-Z a-z 0-9 _ + = , . @ -`. */
  readonly sessionName: string;
}

/** Where a bucket is and how it is reached. */
export interface S3Settings {
  readonly bucket: string;
  /** Names joined by `/` that stand before every key; nothing by default. Fleets and ports may share a bucket this way. */
  readonly prefix?: string;
  /** The bucket's region; by default the SDK's: `AWS_REGION`, or the profile's. */
  readonly region?: string;
  /** Another server than Amazon's, such as `https://s3.example.com`. */
  readonly endpoint?: string;
  /** `https://server/bucket/key` in place of `https://bucket.server/key`: what most other servers want. */
  readonly pathStyle?: boolean;
  /**
   * Lets requests leave this machine without TLS; without it they are refused. A server on the loopback interface needs no
   * leave.
   */
  readonly allowHttp?: boolean;
  /** A profile of the AWS configuration files: one with `role_arn` assumes that role. */
  readonly profile?: string;
  /**
   * Fixed keys. By default the SDK looks for credentials where it always does: the environment, the profile, a web
   * identity token, the container's or the machine's role; and renews what expires.
   */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /**
   * A role that is assumed before anything else is asked, by whomever `credentials` or the SDK's own search name, and again
   * before it expires. Needs `@aws-sdk/credential-providers`. The token service is Amazon's, unless the environment names
   * another as `AWS_ENDPOINT_URL_STS`: `endpoint` does not move it.
   */
  readonly role?: S3Role;
  /**
   * An environment whose `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, or those in lower case, say which proxy requests go
   * through, as Node's own requests do: `process.env`, for one. Node knows them from 22.21 and 24.5 on, and passes them by
   * before that. By default no request goes through a proxy.
   */
  readonly proxyEnvironment?: Readonly<Record<string, string | undefined>>;
  /**
   * How long one operation may take, in milliseconds, from the search for credentials to the last byte (faults 6 and 7);
   * {@link DEADLINE_MS_DEFAULT} by default, at most {@link DEADLINE_MS_MAX}. Tarballs get more in proportion to their size.
   */
  readonly deadlineMs?: number;
}

/** How long one operation may take when nothing else is said, in milliseconds. */
export const DEADLINE_MS_DEFAULT = 10_000;

/** The longest that one operation may be given, in milliseconds: ten minutes. */
export const DEADLINE_MS_MAX = 600_000;

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const PREFIX = /^[A-Za-z0-9!_.*'()-]+(\/[A-Za-z0-9!_.*'()-]+)*$/;
const PREFIX_LENGTH_MAX = 256;
const ROLE_ARN = /^arn:[\w-]+:iam::\w*:role\/[\w+=,.@/-]{1,512}$/;
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/;
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Whether requests to this server may go without TLS. */
export const mayGoWithoutTls = ({ allowHttp }: S3Settings, hostname: string): boolean =>
  allowHttp === true || LOOPBACK.test(hostname);

const faultOfEndpoint = (settings: S3Settings): string | undefined => {
  const { endpoint } = settings;
  if (endpoint === undefined) return undefined;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '') {
    return `endpoint: expected a URL such as https://s3.example.com, got ${JSON.stringify(endpoint.slice(0, 200))}`;
  }
  return url.protocol === 'https:' || mayGoWithoutTls(settings, url.hostname)
    ? undefined
    : `endpoint: expected https, got ${endpoint}; whoever is on the way could write signals: set allowHttp if that is meant`;
};

const faultOfRole = ({ arn, externalId, sessionName }: S3Role): string | undefined => {
  if (!ROLE_ARN.test(arn)) {
    return `role.arn: expected the name of a role such as arn:aws:iam::123456789012:role/signalbox-node, got ${JSON.stringify(arn.slice(0, 200))}`;
  }
  // Owners of roles treat it as a secret, though Amazon does not.
  if (externalId !== undefined && !EXTERNAL_ID.test(externalId)) {
    return `role.externalId: expected 2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -, got ${externalId.length} characters`;
  }
  return SESSION_NAME.test(sessionName)
    ? undefined
    : `role.sessionName: expected 2 to 64 of A-Z a-z 0-9 _ + = , . @ -, got ${JSON.stringify(sessionName.slice(0, 200))}`;
};

const faultOf = (settings: S3Settings): string | undefined => {
  const { bucket, prefix = '', deadlineMs = DEADLINE_MS_DEFAULT, role } = settings;
  if (!BUCKET.test(bucket)) {
    return `bucket: expected 3 to 63 of a-z 0-9 . - that begin and end with a letter or digit, got ${JSON.stringify(bucket.slice(0, 200))}`;
  }
  const dots = prefix.split('/').some((name) => name === '.' || name === '..');
  if (prefix !== '' && (!PREFIX.test(prefix) || dots || prefix.length > PREFIX_LENGTH_MAX)) {
    return `prefix: expected names joined by "/", ${PREFIX_LENGTH_MAX} characters at most, got ${JSON.stringify(prefix.slice(0, 300))}`;
  }
  if (!(deadlineMs >= 1 && deadlineMs <= DEADLINE_MS_MAX)) {
    return `deadlineMs: expected 1 to ${DEADLINE_MS_MAX} milliseconds, got ${deadlineMs}`;
  }
  return faultOfEndpoint(settings) ?? (role === undefined ? undefined : faultOfRole(role));
};

/**
 * Checks settings before anything is done with them.
 *
 * @throws TypeError naming the field when one of them cannot be meant.
 */
export const assertS3Settings = (settings: S3Settings): void => {
  const fault = faultOf(settings);
  if (fault !== undefined) throw new TypeError(fault);
};
