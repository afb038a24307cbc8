import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import {
  forbiddenEnvironments,
  formatPermission,
  mayEver,
  parsePermission,
  PermissionField,
} from '../../../../src/apps/librarian/http/permission.ts';
import { permissions } from '../../../support/api-tokens.ts';
import { environmentName } from '../../../support/slack.ts';

const DEV = environmentName('dev');
const PROD = [environmentName('prod-1'), environmentName('prod-2')];

describe('a permission', () => {
  it.each([
    '*',
    'read',
    'tick',
    'artifact:add',
    'artifact:reject',
    'promote:dev',
    'rollback:prod-*',
    'hold:*',
    'run:a?',
  ])('is %s, and is written so', (text) => {
    const permission = parsePermission(text);
    expect(E.map(formatPermission)(permission)).toEqual(E.right(text));
    if (E.isRight(permission)) {
      expect(PermissionField.is(permission.right)).toBe(true);
      expect(PermissionField.encode(permission.right)).toBe(text);
    }
  });

  it.each([
    '',
    'promote',
    'promote:',
    'promote:a b',
    'promote:a\n',
    'read:dev',
    'delete:dev',
    '**',
    'artifact:*',
    'Read',
  ])('is not %j', (text) => {
    expect(parsePermission(text)).toMatchObject({ _tag: 'Left' });
    expect(PermissionField.decode(text)).toMatchObject({ _tag: 'Left' });
  });

  it('is for its verb and its environments only', () => {
    const held = permissions('promote:prod-*', 'hold:dev', 'tick');
    expect(forbiddenEnvironments(held, 'promote', PROD)).toEqual([]);
    expect(forbiddenEnvironments(held, 'promote', [DEV, ...PROD])).toEqual([DEV]);
    expect(forbiddenEnvironments(held, 'rollback', PROD)).toEqual(PROD);
    expect(forbiddenEnvironments(permissions('*'), 'rollback', PROD)).toEqual([]);
    expect(['promote', 'hold', 'tick'].every((verb) => mayEver(held, verb as 'tick'))).toBe(true);
    expect((['read', 'rollback', 'artifact:add', 'run'] as const).some((verb) => mayEver(held, verb))).toBe(false);
  });
});
