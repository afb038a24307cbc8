/**
 * Runs concurrent tasks in every order that a bounded number of switches allows.
 *
 * Each task waits at its gate before each step; one is let through at a time, and runs until it waits again or ends.
 * Left alone, a task runs on; a *switch* lets another go first, a *kill* never lets it go again. Most faults of
 * concurrent code need very few of either, so trying every schedule with few of them finds more than trying many at random.
 *
 * @module
 */

/** What a task awaits before each of its steps. */
export type Gate = () => Promise<void>;

/** The bounds within which schedules are tried. */
export interface Bounds {
  readonly switchesMax: number;
  readonly killsMax?: number;
  /** Stops after so many schedules; what was tried is told. */
  readonly schedulesMax: number;
}

interface Task {
  readonly id: number;
  /** Lets the task take its next step; nothing while it has ended or was killed. */
  resume: (() => void) | undefined;
  /** Resolves when the task waits at its gate or has ended. */
  idle: Promise<void>;
}

type Choice = { readonly _tag: 'Run' | 'Kill'; readonly id: number };

const start = (id: number, run: (gate: Gate) => Promise<void>): Task => {
  let becomeIdle = (): void => undefined;
  const busy = (): Promise<void> =>
    new Promise((resolve) => {
      becomeIdle = resolve;
    });
  const task: Task = { id, resume: undefined, idle: busy() };
  const gate: Gate = () =>
    new Promise((resolve) => {
      task.resume = () => {
        task.resume = undefined;
        task.idle = busy();
        resolve();
      };
      becomeIdle();
    });
  void run(gate).then(
    () => becomeIdle(),
    () => becomeIdle(),
  );
  return task;
};

/** The choices at one point, the one that costs nothing first. */
const choicesAt = (tasks: readonly Task[], last: number, switches: number, kills: number): readonly Choice[] => {
  const waiting = tasks.filter(({ resume }) => resume !== undefined).map(({ id }) => id);
  const goesOn = waiting.includes(last);
  const ordered = goesOn ? [last, ...waiting.filter((id) => id !== last)] : waiting;
  const runs = (goesOn && switches === 0 ? ordered.slice(0, 1) : ordered).map((id): Choice => ({ _tag: 'Run', id }));
  return goesOn && kills > 0 ? [...runs, { _tag: 'Kill', id: last }] : runs;
};

/**
 * Runs `scenario` once for each schedule. It returns the tasks, and a check that is called when all have ended or been
 * killed, with the ids of those that were.
 *
 * @returns how many schedules were tried, and whether those are all that the bounds allow.
 */
export const explore = async (
  scenario: () => Promise<{
    readonly tasks: readonly ((gate: Gate) => Promise<void>)[];
    readonly check: (killed: ReadonlySet<number>) => void | Promise<void>;
  }>,
  { switchesMax, killsMax = 0, schedulesMax }: Bounds,
): Promise<{ readonly schedules: number; readonly complete: boolean }> => {
  let path: { chosen: number; count: number }[] = [];
  for (let schedules = 1; ; schedules++) {
    const { tasks: runs, check } = await scenario();
    const tasks = runs.map((run, id) => start(id, run));
    await Promise.all(tasks.map(({ idle }) => idle));
    const killed = new Set<number>();
    let [last, switches, kills] = [-1, switchesMax, killsMax];
    const steps: Choice[] = [];
    for (;;) {
      const choices = choicesAt(tasks, last, switches, kills);
      if (choices.length === 0) break;
      const point = (path[steps.length] ??= { chosen: 0, count: choices.length });
      const choice = choices[point.chosen];
      if (choice === undefined) throw new Error('explore: the scenario is not the same each time');
      steps.push(choice);
      const task = tasks[choice.id];
      if (choice._tag === 'Kill') {
        kills -= 1;
        killed.add(choice.id);
        if (task !== undefined) task.resume = undefined;
        continue;
      }
      if (choice.id !== last && tasks[last]?.resume !== undefined) switches -= 1;
      last = choice.id;
      task?.resume?.();
      await task?.idle;
    }
    try {
      await check(killed);
    } catch (error) {
      const schedule = steps.map(({ _tag, id }) => (_tag === 'Kill' ? `kill ${id}` : String(id))).join(' ');
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`schedule ${schedules} (${schedule}): ${reason}`, { cause: error });
    }
    path = path.slice(0, steps.length);
    while (path.length > 0 && (path.at(-1)?.chosen ?? 0) + 1 >= (path.at(-1)?.count ?? 0)) path.pop();
    const point = path.at(-1);
    if (point === undefined || schedules >= schedulesMax) return { schedules, complete: point === undefined };
    point.chosen += 1;
  }
};
