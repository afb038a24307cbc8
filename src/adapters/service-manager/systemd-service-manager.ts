import { execFile } from 'node:child_process';

/** Variables of sd_notify(3), such as `READY` or `STATUS`, and what they are set to. */
export type NotifyFields = Readonly<Record<string, string>>;

/** Who started the daemon and watches over it. */
export interface ServiceManager {
  /**
   * Tells it something, after all that it is being told. What is told while it has yet to hear the last is told together
   * with that, the later value of a variable in the place of the earlier; a change of the daemon's own state never is.
   * Never rejects: what cannot be told is told to nobody.
   */
  readonly tell: (fields: NotifyFields) => Promise<void>;
}

/** systemd-notify(1) waits until its message has been taken; a manager that takes none so long takes none at all. */
const TELL_MS_MAX = 10_000;

/** What must come one after the other, each heard by itself. */
const LIFECYCLE = ['READY', 'RELOADING', 'STOPPING'] as const;

const isLifecycle = (fields: NotifyFields): boolean => LIFECYCLE.some((name) => Object.hasOwn(fields, name));

/** A message may hold no second line: it would be another variable. */
const onOneLine = (value: string): string => value.replaceAll(/\s+/g, ' ');

const NOTIFY = 'systemd-notify';

const send = (socket: string, path: string, fields: NotifyFields): Promise<string | undefined> =>
  new Promise((resolve) => {
    const args = Object.entries(fields).map(([name, value]) => `${name}=${onOneLine(value)}`);
    const env = { NOTIFY_SOCKET: socket, PATH: path };
    try {
      execFile(NOTIFY, args, { env, timeout: TELL_MS_MAX, killSignal: 'SIGKILL' }, (error, _out, err) => {
        resolve(error === null ? undefined : `${error.message.trim()} ${err.trim()}`.trim());
      });
    } catch (error) {
      resolve(String(error));
    }
  });

/**
 * The systemd that started this process; none where none did, or where it does not listen. Node knows no datagram sockets
 * of the local kind, so systemd-notify(1) speaks for it: the unit needs `NotifyAccess=all`.
 *
 * @param failed - told why it could not be told, once until it can again.
 */
export const systemdServiceManager = (
  environment: Readonly<Record<string, string | undefined>>,
  failed: (detail: string) => void,
): ServiceManager | undefined => {
  const socket = environment['NOTIFY_SOCKET'];
  if (socket === undefined || socket === '') return undefined;
  const path = environment['PATH'] ?? '/usr/bin:/bin';
  const waiting: NotifyFields[] = [];
  let telling: Promise<void> | undefined;
  let isDeaf = false;

  const tellAll = async (): Promise<void> => {
    for (let fields = waiting.shift(); fields !== undefined; fields = waiting.shift()) {
      const detail = await send(socket, path, fields);
      if (detail !== undefined && !isDeaf) failed(detail);
      isDeaf = detail !== undefined;
    }
    telling = undefined;
  };

  return {
    tell: (fields) => {
      const last = waiting.at(-1);
      if (last === undefined || isLifecycle(last) || isLifecycle(fields)) waiting.push(fields);
      else waiting[waiting.length - 1] = { ...last, ...fields };
      return (telling ??= tellAll());
    },
  };
};

/**
 * How long systemd waits for a sign of life from process `pid`, in milliseconds, as the unit's `WatchdogSec` says; nothing
 * where it does not wait for one.
 */
export const watchdogMsOf = (
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | undefined => {
  const { WATCHDOG_USEC: usec = '', WATCHDOG_PID: whose } = environment;
  if (!/^[1-9]\d{0,15}$/.test(usec) || (whose !== undefined && whose !== String(pid))) return undefined;
  return Number(usec) / 1_000;
};
