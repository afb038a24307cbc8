import { Option } from 'commander';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { Reason } from '../../domain/control-state.ts';
import { NodeName, parseName, Slug, StackName, ZoneId } from '../../domain/names.ts';
import { collected, named, parsed, refuseUsage } from '../cli/arguments.ts';
import type { CommandLine, Loader } from '../cli/command-line.ts';
import type { ExitCode } from '../cli/exit-code.ts';
import { examples } from '../cli/help-text.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { MachineOptions, MachineSource, NodeNaming } from './find-machine.ts';

/** How bootstrap was called. */
export interface BootstrapCommand extends Omit<MachineOptions, 'source' | 'abort'> {
  /** None: `given` where a zone is given, else `auto`. */
  readonly source: O.Option<MachineSource>;
  /** By which address a cloud is asked; none: as AWS's and Google's own tools are told, and else IPv4. */
  readonly family: O.Option<'IPv4' | 'IPv6'>;
  /** A command line that is told how it ended, split at blanks; none: that of the configuration. */
  readonly notify: O.Option<string>;
  /** Why a machine that is assigned otherwise is moved; none: it is not. */
  readonly reassign: O.Option<string>;
  readonly isDry: boolean;
  readonly isJson: boolean;
}

/** What the commands need of bootstrap's `main.ts`. */
export interface BootstrapMain {
  readonly bootstrap: (
    command: BootstrapCommand,
    configFile: O.Option<string>,
    terminal: Terminal,
  ) => Promise<ExitCode>;
  readonly zones: (
    nodesByZone: O.Option<ReadonlyMap<ZoneId, number>>,
    isJson: boolean,
    configFile: O.Option<string>,
    terminal: Terminal,
  ) => Promise<ExitCode>;
}

/** `use1-az4=120`: a zone and how many nodes stand in it. */
const nodesInZone = parsed((text): E.Either<string, readonly [ZoneId, number]> => {
  const [, zone = '', count = ''] = /^([^=]*)=(\d{1,7})$/.exec(text) ?? [];
  return count === ''
    ? E.left(`expected ZONE=COUNT, such as use1-az4=120, got ${text}`)
    : E.map((id: ZoneId) => [id, Number(count)] as const)(parseName(ZoneId)(zone));
});

/** `signalbox bootstrap` and `signalbox zones`. */
export const registerBootstrap = (
  { program, terminal, configFile, finish }: CommandLine,
  main: Loader<BootstrapMain>,
): void => {
  program
    .command('bootstrap')
    .description('assign this machine to its environment by its zone, before its first chef-client run')
    .addOption(
      new Option('--source <who>', 'who knows the zone (default: given with --zone, else auto)').choices([
        'ec2',
        'gce',
        'auto',
        'given',
      ]),
    )
    .option('--zone <id>', 'the availability zone', named(ZoneId))
    .option('--node <name>', "the node's name (default: by --node-from)", named(NodeName))
    .addOption(
      new Option('--node-from <what>', 'what names the node; without a cloud it is the host name')
        .choices(['instance-id', 'instance-name', 'hostname'])
        .default('instance-id'),
    )
    .option('--stack <name>', 'the stack (default: that of the configuration)', named(StackName))
    .option('--stack-tag <name>', 'the tag of the machine, on GCE the attribute, that names the stack', named(Slug))
    .addOption(
      new Option('--zone-by <what>', 'whether the zone map has ids such as use1-az4 or names such as us-east-1a')
        .choices(['id', 'name'])
        .default('id'),
    )
    .addOption(
      new Option('--ip <version>', 'by which address a cloud is asked (default: ipv4)').choices(['ipv4', 'ipv6']),
    )
    .option('--notify <command>', 'is told how it ended, as JSON on its input (default: bootstrap_hook)')
    .option('--reassign', 'move a machine that is assigned otherwise; wants a reason')
    .option('--reason <text>', 'with --reassign: why', named(Reason))
    .option('--dry-run', 'print the assignment, and write nothing')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      examples(
        'bootstrap --zone use1-az4 --node web-17',
        'bootstrap --source ec2 --stack-tag signalbox-stack',
        'bootstrap --reassign --reason "moved to the canary" --dry-run',
      ),
    )
    .action(
      (options: {
        source?: MachineSource;
        zone?: ZoneId;
        node?: NodeName;
        nodeFrom: NodeNaming;
        stack?: StackName;
        stackTag?: Slug;
        zoneBy: 'id' | 'name';
        ip?: 'ipv4' | 'ipv6';
        notify?: string;
        reassign?: true;
        reason?: string;
        dryRun?: true;
        json?: true;
      }) =>
        finish(
          (options.reassign === true) !== (options.reason !== undefined)
            ? refuseUsage(terminal, 'expected --reassign and --reason together')
            : main().then(({ bootstrap }) =>
                bootstrap(
                  {
                    source: O.fromNullable(options.source),
                    zone: O.fromNullable(options.zone),
                    node: O.fromNullable(options.node),
                    nodeFrom: options.nodeFrom,
                    stack: O.fromNullable(options.stack),
                    stackTag: O.fromNullable(options.stackTag),
                    zoneBy: options.zoneBy,
                    family: O.fromNullable(
                      options.ip === undefined ? undefined : options.ip === 'ipv6' ? 'IPv6' : 'IPv4',
                    ),
                    notify: O.fromNullable(options.notify),
                    reassign: O.fromNullable(options.reason),
                    isDry: options.dryRun === true,
                    isJson: options.json === true,
                  },
                  configFile(),
                  terminal,
                ),
              ),
        ),
    );

  program
    .command('zones')
    .description('what each environment gets of the fleet by the zone map, before anybody uses it')
    .option(
      '--nodes <zone=count...>',
      'how many nodes stand in a zone (default: all zones alike)',
      collected(nodesInZone),
    )
    .option('--json', 'one JSON document')
    .addHelpText('after', examples('zones', 'zones --nodes use1-az4=120 use1-az6=80 --json'))
    .action((options: { nodes?: readonly (readonly [ZoneId, number])[]; json?: true }) =>
      finish(
        main().then(({ zones }) =>
          zones(
            O.map((nodes: readonly (readonly [ZoneId, number])[]) => new Map(nodes))(O.fromNullable(options.nodes)),
            options.json === true,
            configFile(),
            terminal,
          ),
        ),
      ),
    );
};
