/** A name that systemd and a shell both take. */
const NAME = /^[A-Za-z_]\w*$/;

/** What `NOTIFY_SOCKET` and its like tell of the unit of whoever starts the run, and would be false in another. */
const OF_ANOTHER_UNIT =
  /^(?:NOTIFY_SOCKET|WATCHDOG_(?:PID|USEC)|INVOCATION_ID|JOURNAL_STREAM|MAINPID|SYSTEMD_EXEC_PID|MEMORY_PRESSURE_\w+|LISTEN_\w+|(?:RUNTIME|STATE|CACHE|LOGS|CONFIGURATION|CREDENTIALS)_DIRECTORY)$/;

/**
 * An environment in the form of systemd's `EnvironmentFile=`. By way of a file, because what is set on a unit itself is
 * shown to every user of the machine, and a proxy's password may be among it.
 */
export const environmentFile = (env: Readonly<Record<string, string>>): string =>
  Object.entries(env)
    .filter(([name]) => NAME.test(name) && !OF_ANOTHER_UNIT.test(name))
    .map(([name, value]) => `${name}="${value.replaceAll(/["\\$`]/g, '\\$&')}"\n`)
    .join('');
