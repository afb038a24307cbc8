/** What people type ends up in a document that every command reads back: none of it may damage that document. */
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { EXIT, type ExitCode } from '../../../src/apps/cli/exit-code.ts';
import type { Terminal } from '../../../src/apps/cli/terminal.ts';
import { holdAdd, holdList } from '../../../src/apps/librarian/commands/holds.ts';
import { promoteCommand, rollbackCommand } from '../../../src/apps/librarian/commands/promotions.ts';
import { silentLog } from '../../../src/apps/log.ts';
import { Person, Reason } from '../../../src/domain/control-state.ts';
import { nameFromLiteral, parseName, Slug } from '../../../src/domain/names.ts';
import { asyncProperty } from '../../support/property.ts';
import { environmentName, version } from '../../support/slack.ts';
import { add, BASALT, IRONSTONE, promoteTo, world, type World } from '../../support/librarian-world.ts';

const IMAGE = environmentName('image');

interface Shown extends Terminal {
  readonly lines: string[];
  readonly errors: string[];
}

const terminalOf = (user: string): Shown => {
  const [lines, errors]: [string[], string[]] = [[], []];
  return {
    lines,
    errors,
    out: (line) => void lines.push(line),
    err: (line) => void errors.push(line),
    isColoured: false,
    environment: { USER: user },
    abort: new AbortController().signal,
    log: silentLog,
  };
};

const hold = (on: World, terminal: Terminal, reason: string, owner: O.Option<string>): Promise<ExitCode> =>
  holdAdd(on.librarian(), terminal, {
    id: nameFromLiteral(Slug)('freeze'),
    scope: { _tag: 'plan' },
    reason,
    owner,
    expiresInMs: O.none,
  });

/** Any text, short or long, of any characters; what the command line refuses never gets further. */
const typed = (codec: typeof Person): fc.Arbitrary<string> =>
  fc.string({ unit: 'binary', maxLength: 1_500 }).filter((text) => E.isRight(parseName(codec)(text)));

describe('what people type', () => {
  asyncProperty(
    'whatever is accepted as a person or a reason is read back',
    [fc.string({ unit: 'binary', maxLength: 400 }), typed(Reason), fc.option(typed(Person), { nil: undefined })],
    async (user, reason, owner) => {
      const on = world();
      const added = await hold(on, terminalOf(user), reason, O.fromNullable(owner));
      expect(added).toBe(E.isRight(parseName(Person)(user)) ? EXIT.done : EXIT.badData);
      const listed = terminalOf('reader');
      expect(await holdList(on.librarian(), listed, { isJson: true })).toBe(EXIT.done);
      expect(JSON.parse(listed.lines.join(''))).toEqual(
        added === EXIT.done ? [expect.objectContaining({ reason, owner: owner ?? user })] : [],
      );
    },
  );

  it.each(['a\nb', '\u001b[2J', 'x'.repeat(257)])('a user called %j is refused by the variable', async (user) => {
    const [on, terminal] = [world(), terminalOf(user)];
    expect(await hold(on, terminal, 'r', O.none)).toBe(EXIT.badData);
    expect(terminal.errors.join()).toMatch(/^signalbox: USER: expected text of at most 256 characters/);
    expect(on.journal).toEqual([]);
  });

  it('T10: a hold on what the plan does not have is refused', async () => {
    const [on, terminal] = [world(), terminalOf('me')];
    const code = await holdAdd(on.librarian(), terminal, {
      id: nameFromLiteral(Slug)('freeze'),
      scope: { _tag: 'environment', environment: environmentName('prd-1') },
      reason: 'r',
      owner: O.none,
      expiresInMs: O.none,
    });
    expect(code).toBe(EXIT.badData);
    expect(terminal.errors).toEqual([
      'signalbox: scope: expected environment:NAME with one of dev, prod-1, prod-2, image, got environment:prd-1',
    ]);
    expect(on.journal).toEqual([]);
  });

  it('holds are listed while no Chef server answers', async () => {
    const [on, terminal] = [world(), terminalOf('me')];
    await hold(on, terminal, 'r', O.none);
    const { chefServers, ...others } = on.librarian();
    expect(chefServers.size).toBe(2);
    expect(await holdList({ ...others, chefServers: new Map() }, terminal, { isJson: false })).toBe(EXIT.done);
    expect(terminal.lines.at(-1)).toBe('freeze  plan held by me until it is lifted: r');
  });
});

describe('what people are told', () => {
  it('T13: a promotion that failed on a stack is said to have failed there', async () => {
    const on = world();
    await add(on, '1.0.1');
    await add(on, '1.0.2');
    await promoteTo(on, '1.0.1', IMAGE);
    on.down.add(IRONSTONE);
    const terminal = terminalOf('me');
    const request = { version: version('1.0.2'), environment: IMAGE, stack: O.none, splaySeconds: O.none };
    const code = await promoteCommand(on.librarian(), terminal, { request, reason: 'r', isJson: false });
    expect(code).toBe(EXIT.tryAgain);
    expect(terminal.lines).toEqual(['image promoted to 1.0.2 on basalt', 'image not promoted to 1.0.2 on ironstone']);
    on.down.add(BASALT);
    on.down.delete(IRONSTONE);
    const again = terminalOf('me');
    expect(await promoteCommand(on.librarian(), again, { request, reason: 'r', isJson: true })).toBe(EXIT.tryAgain);
    expect(JSON.parse(again.lines.join(''))).toMatchObject({
      promotions: [{ stacks: ['ironstone'], failed: ['basalt'] }],
    });
  });

  it('a rollback needs one scope', async () => {
    const terminal = terminalOf('me');
    const nowhere = { environment: O.none, train: O.none, to: O.none, reason: 'r', isJson: false };
    expect(await rollbackCommand(world().librarian(), terminal, nowhere)).toBe(EXIT.usage);
  });
});
