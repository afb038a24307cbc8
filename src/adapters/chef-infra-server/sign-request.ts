/**
 * Chef's signed requests: a canonical text of the request, signed with the private key of whoever asks. Version 1.3 is
 * RSA with SHA-256; version 1.1, for servers before 12.4, is SHA-1 and the text itself encrypted with the private key.
 *
 * @module
 */
import { constants, createHash, type KeyObject, privateEncrypt, sign as signWith } from 'node:crypto';
import { formatTimestamp } from '../../domain/time.ts';

/** Which form of signature the server takes. */
export type SigningProtocol = '1.1' | '1.3';

/** Who asks, and how that is signed. */
export interface Signer {
  readonly user: string;
  /** An RSA private key. */
  readonly key: KeyObject;
  readonly protocol: SigningProtocol;
}

/** What of a request is signed. */
export interface SignedParts {
  readonly method: string;
  /** From the host on; a query is no part of the signature. */
  readonly path: string;
  /** The whole body; empty where there is none. */
  readonly body: string;
  /** `X-Ops-Server-API-Version`. */
  readonly apiVersion: number;
  /** When it is sent, in milliseconds since 1970: the server takes what is at most 900 s off. */
  readonly nowMs: number;
}

const ALGORITHMS: Readonly<Record<SigningProtocol, 'sha1' | 'sha256'>> = { '1.1': 'sha1', '1.3': 'sha256' };

const SIGNATURE_LINE_LENGTH = 60;

/** The path as both sides sign it: without the query, without repeated slashes, without one at its end. */
export const canonicalPath = (path: string): string => {
  const collapsed = path.replace(/\?.*$/s, '').replace(/\/+/g, '/');
  return collapsed.length > 1 ? collapsed.replace(/\/$/, '') : collapsed;
};

const timestampOf = (nowMs: number): string =>
  formatTimestamp({ epochSeconds: Math.floor(nowMs / 1000), nanoseconds: 0 });

const digest = (protocol: SigningProtocol, text: string): string =>
  createHash(ALGORITHMS[protocol]).update(text).digest('base64');

/** The text that is signed. */
export const canonicalRequest = (
  { user, protocol }: Pick<Signer, 'user' | 'protocol'>,
  { method, path, body, apiVersion, nowMs }: SignedParts,
): string => {
  const hashed = (text: string): string => digest(protocol, text);
  const lines =
    protocol === '1.3'
      ? [
          `Method:${method.toUpperCase()}`,
          `Path:${canonicalPath(path)}`,
          `X-Ops-Content-Hash:${hashed(body)}`,
          'X-Ops-Sign:version=1.3',
          `X-Ops-Timestamp:${timestampOf(nowMs)}`,
          `X-Ops-UserId:${user}`,
          `X-Ops-Server-API-Version:${apiVersion}`,
        ]
      : [
          `Method:${method.toUpperCase()}`,
          `Hashed Path:${hashed(canonicalPath(path))}`,
          `X-Ops-Content-Hash:${hashed(body)}`,
          `X-Ops-Timestamp:${timestampOf(nowMs)}`,
          `X-Ops-UserId:${hashed(user)}`,
        ];
  return lines.join('\n');
};

const signatureOf = ({ key, protocol }: Signer, text: string): string => {
  const bytes = Buffer.from(text);
  const signature =
    protocol === '1.3'
      ? signWith('sha256', bytes, key)
      : privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, bytes);
  return signature.toString('base64');
};

/** The headers that sign a request. */
export const signedHeaders = (signer: Signer, parts: SignedParts): Readonly<Record<string, string>> => {
  const { user, protocol } = signer;
  const signature = signatureOf(signer, canonicalRequest(signer, parts));
  const lines = signature.match(new RegExp(`.{1,${SIGNATURE_LINE_LENGTH}}`, 'g')) ?? [];
  return {
    'X-Ops-Sign': `algorithm=${ALGORITHMS[protocol]};version=${protocol};`,
    'X-Ops-Userid': user,
    'X-Ops-Timestamp': timestampOf(parts.nowMs),
    'X-Ops-Content-Hash': digest(protocol, parts.body),
    'X-Ops-Server-API-Version': String(parts.apiVersion),
    ...Object.fromEntries(lines.map((line, i) => [`X-Ops-Authorization-${i + 1}`, line])),
  };
};
