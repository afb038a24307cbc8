import { isRecord } from '../../domain/decoding.ts';
import { DeadlineExceeded } from '../deadline/index.ts';

/**
 * There are no credentials to ask a bucket with; the message says what was tried to get some, the cause how it ended. It has
 * no status and no code of its own: those of its cause say nothing about an object.
 */
export class CredentialsRefused extends Error {}

const recordOf = (error: unknown): Readonly<Record<string, unknown>> => (isRecord(error) ? error : {});

/** The HTTP status of the answer that the SDK threw; nothing when there was no answer. */
export const statusOf = (error: unknown): number | undefined => {
  const { $metadata: metadata } = recordOf(error);
  const status = isRecord(metadata) ? metadata['httpStatusCode'] : undefined;
  return typeof status === 'number' ? status : undefined;
};

/**
 * S3's own word for what is wrong, such as `NoSuchKey`: only what the body of the answer says, because the SDK also makes
 * names up where something on the way answered with a page or with nothing.
 */
export const codeOf = (error: unknown): string | undefined => {
  const { Code: code } = recordOf(error);
  return typeof code === 'string' ? code : undefined;
};

/** Whether a conditional write was answered that its condition did not hold. */
export const isRefusedCondition = (error: unknown): boolean => statusOf(error) === 412;

/**
 * Whether a conditional write was answered that another request was at work on the same key. Nothing was written then: S3
 * asks the writer to look again and decide anew.
 */
export const isInterference = (error: unknown): boolean =>
  statusOf(error) === 409 && ['ConditionalRequestConflict', 'OperationAborted'].includes(codeOf(error) ?? '');

/** Whether the answer is that there is no such key, in S3's own word: a missing bucket or a proxy's page is something else. */
export const isMissingKey = (error: unknown): boolean => statusOf(error) === 404 && codeOf(error) === 'NoSuchKey';

/** What S3, and the service that gives out temporary credentials, say of credentials with status 400. */
const CREDENTIALS_REFUSED = [
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidIdentityToken',
  'InvalidToken',
  'TokenRefreshRequired',
];

/** Whether the answer is that this caller may not; S3 says so of expired credentials with status 400. */
export const isDenial = (error: unknown): boolean =>
  error instanceof CredentialsRefused
    ? isDenial(error.cause)
    : [401, 403].includes(statusOf(error) ?? 0) || CREDENTIALS_REFUSED.includes(codeOf(error) ?? '');

/** Whether the same request may fare better in a moment: no answer, or one that says so. Who waited long has waited enough. */
export const isPassing = (error: unknown): boolean => {
  if (error instanceof DeadlineExceeded) return false;
  const status = statusOf(error);
  return status === undefined || status === 429 || status >= 500;
};

const WAYS_OUT: Readonly<Record<string, string>> = {
  AccessDenied: 'allow it in the policy of this role or in that of the bucket',
  AuthorizationHeaderMalformed: "set the region to the bucket's",
  CredentialsProviderError: 'give this process AWS credentials: environment, profile, web identity or machine role',
  ECONNREFUSED: 'check the endpoint',
  ENOENT: 'correct the variable that names the file, such as AWS_WEB_IDENTITY_TOKEN_FILE, or write the file',
  ENOTFOUND: 'check the endpoint, the region and the name server',
  ERR_MODULE_NOT_FOUND: 'install @aws-sdk/client-s3 beside signalbox',
  ExpiredToken: 'renew the credentials',
  ExpiredTokenException: 'look for what renews the token, such as the file that AWS_WEB_IDENTITY_TOKEN_FILE names',
  InvalidAccessKeyId: 'check the access key',
  InvalidBucketName: 'correct the name of the bucket',
  InvalidClientTokenId: 'check the access key',
  InvalidIdentityToken: "make the token's issuer an identity provider of the account, and the role trust it",
  NoSuchBucket: 'create the bucket, or correct its name',
  NotImplemented: 'choose a server with conditional writes',
  PermanentRedirect: "set the region to the bucket's",
  RequestTimeTooSkewed: "set this machine's clock",
  SignatureDoesNotMatch: 'check the secret key',
};

/** The ways out where a role was to be assumed, as far as they differ from those where a bucket was asked. */
const WAYS_OUT_TO_A_ROLE: Readonly<Record<string, string>> = {
  AccessDenied: 'allow this caller to assume the role: in its own policy and in the trust policy of the role',
  ERR_MODULE_NOT_FOUND: 'install @aws-sdk/credential-providers beside signalbox',
  ECONNREFUSED: 'check AWS_ENDPOINT_URL_STS',
};

const MESSAGE_LENGTH_MAX = 300;

const causeOf = (error: unknown, service: string): string => {
  const { name, code } = recordOf(error);
  const status = statusOf(error);
  const message = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ').slice(0, MESSAGE_LENGTH_MAX) : '';
  const said = message === '' || message === 'UnknownError' ? undefined : message;
  if (status !== undefined) {
    const word = codeOf(error);
    return word === undefined
      ? `answered ${status}, and not in the words of ${service}: look for a proxy on the way`
      : [`answered ${status} ${word}`, ...(said === undefined ? [] : [said])].join(': ');
  }
  const label = typeof code === 'string' ? code : typeof name === 'string' && name !== 'Error' ? name : undefined;
  return [label, said].filter((part) => part !== undefined).join(': ') || 'failed without a word';
};

const wayOutOf = (error: unknown, ofRole: boolean): string | undefined => {
  const { name, code, message } = recordOf(error);
  if (message === 'Region is missing') return 'set the region, or AWS_REGION';
  const ways = ofRole ? { ...WAYS_OUT, ...WAYS_OUT_TO_A_ROLE } : WAYS_OUT;
  return [codeOf(error), code, name]
    .filter((word) => typeof word === 'string')
    .map((word) => (Object.hasOwn(ways, word) ? ways[word] : undefined))
    .find((found) => found !== undefined);
};

/** One line about a failed operation: what was done to which object, what the server or the system said, the way out. */
export const describeS3Failure = (operation: string, address: string, error: unknown): string => {
  const refused = error instanceof CredentialsRefused;
  const cause = refused ? error.cause : error;
  // What the SDK finds by itself may be a role too: a refusal of that names the permission, `sts:…`.
  const ofRole = refused || /\bsts:/.test(String(recordOf(cause)['message']));
  const said = `${refused ? `${error.message}: ` : ''}${causeOf(cause, ofRole ? 'STS' : 'S3')}`;
  const wayOut = wayOutOf(cause, ofRole);
  return `${operation} ${address}: ${said}${wayOut === undefined ? '' : `; ${wayOut}`}`;
};
