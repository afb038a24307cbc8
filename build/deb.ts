/**
 * Builds the packages for Debian and what is made from it: `signalbox`, the agent of a node, and `signalbox-fallback`, which
 * needs nothing of it.
 *
 * `node build/deb.ts [--executable FILE] [--arch x64|arm64] [--revision N] [--out FOLDER] [--compress xz|none]`,
 * after `build/executable.ts`. Needs dpkg-deb and gzip. The same inputs and the same `SOURCE_DATE_EPOCH`, by default the time of
 * the last commit, make the same bytes.
 *
 * @module
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './libraries.ts';

/** What Debian calls an architecture. */
const DEBIAN_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

const { values } = parseArgs({
  options: {
    executable: { type: 'string' },
    arch: { type: 'string', default: process.arch },
    out: { type: 'string', default: join(ROOT, 'dist/deb') },
    revision: { type: 'string', default: '1' },
    compress: { type: 'string', default: 'xz' },
  },
});
const architecture = DEBIAN_ARCHITECTURES[values.arch];
if (architecture === undefined) {
  console.error(`deb: expected --arch ${Object.keys(DEBIAN_ARCHITECTURES).join(' or ')}, got ${values.arch}`);
  process.exit(64);
}
const executable = resolve(values.executable ?? join(ROOT, `dist/executable/signalbox-linux-${values.arch}`));
const out = resolve(values.out);

const { version: upstream } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly version: string;
};
/** A version before a release sorts before it, as `~` says to dpkg; the revision is that of the packaging. */
const version = `${upstream.replace('-', '~')}-${values.revision}`;

const epoch = Number(
  process.env['SOURCE_DATE_EPOCH'] ??
    execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' }).trim(),
);
const MAINTAINER = process.env['DEBEMAIL'] ?? 'Signalbox maintainers <maintainers@signalbox.invalid>';
const HOMEPAGE = 'https://www.npmjs.com/package/signalbox';

/** A file of a package. */
interface PackagedFile {
  readonly path: string;
  /** A file of the sources, or its text. */
  readonly from: { readonly file: string } | { readonly text: string };
  readonly mode?: number;
  /** Whether dpkg keeps what an administrator makes of it. */
  readonly isConfiguration?: boolean;
  readonly isCompressed?: boolean;
}

/** A package: who it is, and what is in it. */
interface Package {
  readonly name: string;
  readonly architecture: string;
  /** Fields of its `control` file. */
  readonly fields: Readonly<Record<string, string>>;
  /** The first line is the summary. */
  readonly description: readonly [summary: string, ...lines: string[]];
  readonly files: readonly PackagedFile[];
}

const source = (file: string): { readonly file: string } => ({ file: join(ROOT, file) });

const COPYRIGHT = `Signalbox, ${HOMEPAGE}

Copyright 2026 the authors of Signalbox, licensed under the Apache License, Version 2.0:
on Debian systems the whole text is in /usr/share/common-licenses/Apache-2.0.
`;

/** RFC 5322, as a changelog wants it. */
const writtenAt = new Date(epoch * 1_000).toUTCString().replace('GMT', '+0000');

/** No upload to Debian closes a request for the package. */
const NO_UPLOAD = 'initial-upload-closes-no-bugs [usr/share/doc/*/changelog.Debian.gz:1]';

/** What lintian is told not to complain of. */
const overrides = (name: string, tags: readonly string[]): PackagedFile => ({
  path: `usr/share/lintian/overrides/${name}`,
  from: { text: tags.map((tag) => `${name}: ${tag}\n`).join('') },
});

/** What every package holds for its readers. */
const documentation = (name: string, copyright: string, manual: string, section: number): readonly PackagedFile[] => [
  { path: `usr/share/doc/${name}/copyright`, from: { text: copyright } },
  {
    path: `usr/share/doc/${name}/changelog.Debian.gz`,
    from: {
      text: `${name} (${version}) stable; urgency=medium\n\n  * Release ${upstream}.\n\n -- ${MAINTAINER}  ${writtenAt}\n`,
    },
    isCompressed: true,
  },
  { path: `usr/share/doc/${name}/changelog.gz`, from: source('CHANGELOG.md'), isCompressed: true },
  { path: `usr/share/man/man${section}/${name}.${section}.gz`, from: source(manual), isCompressed: true },
];

const UNITS = 'lib/systemd/system';

const agent: Package = {
  name: 'signalbox',
  architecture,
  fields: {
    // What Node's own executable is linked against.
    Depends: 'libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 8)',
    Recommends: 'signalbox-fallback, systemd',
  },
  description: [
    'safe configuration rollout: the agent of a node',
    "The Summoner polls the signal of its node's environment and runs Chef, or",
    'another applier, when a run is due. All it needs is in one executable.',
  ],
  files: [
    { path: 'usr/bin/signalbox', from: { file: executable }, mode: 0o755 },
    { path: `${UNITS}/signalbox-summoner.service`, from: source('deploy/signalbox-summoner.service') },
    { path: 'etc/signalbox/config.yaml', from: source('deploy/debian/signalbox/config.yaml'), isConfiguration: true },
    // Node is as its makers built it.
    overrides('signalbox', [
      NO_UPLOAD,
      'embedded-library zlib [usr/bin/signalbox]',
      'hardening-no-pie [usr/bin/signalbox]',
    ]),
    ...documentation(
      'signalbox',
      `${COPYRIGHT}\nThe executable holds Node.js and libraries of others. Their notices and licences\nare in /usr/share/doc/signalbox/NOTICES.gz.\n`,
      'deploy/debian/signalbox/signalbox.1',
      1,
    ),
    {
      path: 'usr/share/doc/signalbox/NOTICES.gz',
      from: { file: join(dirname(executable), 'NOTICES.txt') },
      isCompressed: true,
    },
  ],
};

const fallback: Package = {
  name: 'signalbox-fallback',
  architecture: 'all',
  fields: { Recommends: 'systemd | cron-daemon' },
  description: [
    'last resort that runs Chef when nothing else has for twelve hours',
    'A script for sh that a timer, or cron, starts every few minutes. It needs',
    'nothing of the agent in the package signalbox, and heals a node where that is',
    'broken, gone, or was never there.',
  ],
  files: [
    { path: 'usr/sbin/signalbox-fallback', from: source('src/apps/fallback/signalbox-fallback.sh'), mode: 0o755 },
    { path: `${UNITS}/signalbox-fallback.service`, from: source('deploy/fallback/signalbox-fallback.service') },
    { path: `${UNITS}/signalbox-fallback.timer`, from: source('deploy/fallback/signalbox-fallback.timer') },
    {
      path: 'etc/cron.d/signalbox-fallback',
      from: source('deploy/fallback/signalbox-fallback.cron'),
      isConfiguration: true,
    },
    { path: 'etc/signalbox/fallback.conf', from: source('deploy/fallback/fallback.conf'), isConfiguration: true },
    {
      path: 'usr/share/doc/signalbox-fallback/examples/fallback-hook.sh',
      from: source('deploy/fallback-hook.sh'),
      mode: 0o755,
    },
    overrides('signalbox-fallback', [NO_UPLOAD]),
    ...documentation('signalbox-fallback', COPYRIGHT, 'deploy/debian/signalbox-fallback/signalbox-fallback.8', 8),
  ],
};

/** Puts a file in its place, with no more of this machine on it than its bytes. */
const place = (tree: string, { path, from, mode = 0o644, isCompressed = false }: PackagedFile): void => {
  const file = join(tree, path);
  mkdirSync(dirname(file), { recursive: true });
  if (isCompressed) {
    const input = 'file' in from ? readFileSync(from.file) : from.text;
    writeFileSync(file, execFileSync('gzip', ['--best', '--no-name'], { input }));
  } else if ('file' in from) copyFileSync(from.file, file);
  else writeFileSync(file, from.text);
  chmodSync(file, mode);
};

const md5 = (file: string): string => createHash('md5').update(readFileSync(file)).digest('hex');

const controlOf = (
  { name, architecture: built, fields, description: [summary, ...lines] }: Package,
  kib: number,
): string =>
  [
    `Package: ${name}`,
    `Version: ${version}`,
    `Architecture: ${built}`,
    `Maintainer: ${MAINTAINER}`,
    `Installed-Size: ${kib}`,
    ...Object.entries(fields).map(([field, value]) => `${field}: ${value}`),
    'Section: admin',
    'Priority: optional',
    `Homepage: ${HOMEPAGE}`,
    `Description: ${summary}`,
    ...lines.map((line) => ` ${line}`),
    '',
  ].join('\n');

const build = (given: Package): string => {
  const tree = mkdtempSync(join(tmpdir(), 'signalbox-deb-'));
  try {
    chmodSync(tree, 0o755);
    for (const file of given.files) place(tree, file);
    const paths = given.files.map(({ path }) => path).toSorted();
    const kib = paths.reduce((sum, path) => sum + Math.ceil(statSync(join(tree, path)).size / 1_024), 0);
    const control = join(tree, 'DEBIAN');
    const scripts = join(ROOT, 'deploy/debian', given.name);
    const texts = {
      control: controlOf(given, kib),
      conffiles: given.files
        .flatMap(({ path, isConfiguration }) => (isConfiguration === true ? [`/${path}\n`] : []))
        .join(''),
      md5sums: paths
        .filter((path) => !path.startsWith('etc/'))
        .map((path) => `${md5(join(tree, path))}  ${path}\n`)
        .join(''),
    };
    for (const [path, text] of Object.entries(texts)) place(control, { path, from: { text } });
    for (const path of globSync('{pre,post}{inst,rm}', { cwd: scripts })) {
      place(control, { path, from: { file: join(scripts, path) }, mode: 0o755 });
    }
    const deb = join(out, `${given.name}_${version}_${given.architecture}.deb`);
    mkdirSync(out, { recursive: true });
    execFileSync(
      'dpkg-deb',
      // One thread: how the work is shared out shows in what is compressed.
      ['--root-owner-group', `-Z${values.compress}`, '--threads-max=1', '--build', tree, deb],
      { env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) }, stdio: ['ignore', 'ignore', 'inherit'] },
    );
    return deb;
  } finally {
    rmSync(tree, { recursive: true });
  }
};

for (const given of [agent, fallback]) {
  const deb = build(given);
  console.log(`${deb}: ${statSync(deb).size} bytes`);
}
