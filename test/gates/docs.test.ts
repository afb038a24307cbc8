/** The reference refuses what is public and undocumented. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT, runTool, type ToolResult } from './tool.ts';

const PROBE = join(ROOT, 'test/probes/undocumented');

describe('typedoc', () => {
  let result: ToolResult = { code: 0, stdout: '', stderr: '' };
  beforeAll(async () => {
    result = await runTool('typedoc', ['--options', join(PROBE, 'typedoc.json'), '--emit', 'none']);
  }, 120_000);

  it('fails', () => {
    expect(result.code).not.toBe(0);
  });

  it.each(['bareVariable', 'bareFunction', 'BareInterface', 'BareAlias', 'BareClass', 'Documented.bareMethod'])(
    'refuses %s, which is exported and undocumented',
    (name) => {
      expect(result.stdout + result.stderr).toMatch(
        new RegExp(`\\b${name} \\(\\w+\\), defined in .*, does not have any documentation`),
      );
    },
  );

  it('refuses a type that is used and not exported, and a link that leads nowhere', () => {
    expect(result.stdout + result.stderr).toMatch(/Hidden, defined in .*, is referenced by Documented/);
    expect(result.stdout + result.stderr).toMatch(/Failed to resolve link to "Nowhere"/);
  });

  it('says nothing of what is documented', () => {
    expect(result.stdout + result.stderr).not.toMatch(/documentedMethod|Documented \(/);
  });
});
