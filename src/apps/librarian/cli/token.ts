import type { CommandLine } from '../../cli/command-line.ts';

/** `signalbox token`, which needs no Librarian. */
export const registerToken = ({ program, terminal, input, finish }: CommandLine): void => {
  program
    .command('token')
    .description('tokens for the HTTP API')
    .command('hash')
    .description('read a token from the input, and print what the configuration shall know of it')
    .addHelpText('after', `\nExamples:\n  $ openssl rand -base64 32 | tee token | signalbox token hash\n`)
    .action(() => finish(import('../http/token-command.ts').then(({ tokenHash }) => tokenHash(input(), terminal))));
};
