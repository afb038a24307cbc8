/**
 * Whom a client asks as. What the SDK finds by itself is its own affair; a role to assume is put on top of that here.
 *
 * @module
 */
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { CredentialsRefused } from './failure.ts';
import { assertPrivate } from './private-request.ts';
import { requestHandlerOf } from './request-handler.ts';
import type { S3Role, S3Settings } from './settings.ts';

type RoleOptions = Parameters<typeof fromTemporaryCredentials>[0];
type ClientPlugin = NonNullable<RoleOptions['clientPlugins']>[number];
type AssumeRole = ReturnType<typeof fromTemporaryCredentials>;

/** The answer holds the keys of the role. */
const privately = (settings: S3Settings): ClientPlugin => ({
  applyToStack: (stack) =>
    stack.add(
      (next) => async (args) => {
        assertPrivate(args.request, settings);
        return next(args);
      },
      { step: 'build', name: 'assertPrivate', override: true },
    ),
});

const optionsOf = (settings: S3Settings, role: S3Role): RoleOptions => {
  const { profile } = settings;
  return {
    params: {
      RoleArn: role.arn,
      RoleSessionName: role.sessionName,
      ...(role.externalId === undefined ? {} : { ExternalId: role.externalId }),
    },
    clientConfig: {
      ...(profile === undefined ? {} : { profile }),
      maxAttempts: 1,
      requestHandler: requestHandlerOf(settings),
    },
    clientPlugins: [privately(settings)],
  };
};

const assumerOf = async (settings: S3Settings, role: S3Role): Promise<AssumeRole> => {
  const { fromNodeProviderChain, fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
  const { credentials, profile } = settings;
  const masterCredentials = credentials ?? fromNodeProviderChain(profile === undefined ? {} : { profile });
  return fromTemporaryCredentials({ ...optionsOf(settings, role), masterCredentials });
};

/**
 * The credentials of a client, as its configuration takes them: nothing where the SDK is to look for them; with a role,
 * those of the role, assumed by whomever the SDK finds and again before they expire.
 */
export const credentialsOf = (settings: S3Settings): Pick<S3ClientConfig, 'credentials'> => {
  const { credentials, role } = settings;
  if (role === undefined) return credentials === undefined ? {} : { credentials };
  let assumer: Promise<AssumeRole> | undefined;
  return {
    credentials: async (properties) => {
      try {
        const assume = await (assumer ??= assumerOf(settings, role));
        return await assume(properties);
      } catch (error) {
        throw new CredentialsRefused(`assume ${role.arn}`, { cause: error });
      }
    },
  };
};
