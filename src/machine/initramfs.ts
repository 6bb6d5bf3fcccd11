// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Kit } from '../kit/kit.ts';
import { characterDevice, cpio, file, folder, link, program, type Entry } from './cpio.ts';

// Programs of busybox that exist by name, for a person in `bringup shell`.
const applets = [
  ...[
    'sh',
    'cat',
    'cp',
    'cut',
    'dd',
    'dmesg',
    'echo',
    'env',
    'find',
    'free',
    'grep',
    'head',
    'hexdump',
    'id',
  ],
  ...[
    'insmod',
    'kill',
    'less',
    'ln',
    'ls',
    'lsmod',
    'mkdir',
    'mknod',
    'mount',
    'mv',
    'od',
    'poweroff',
    'printf',
  ],
  ...[
    'ps',
    'rm',
    'rmmod',
    'sed',
    'seq',
    'sleep',
    'sort',
    'stty',
    'tail',
    'tee',
    'top',
    'touch',
    'tr',
    'uname',
  ],
  ...['usleep', 'vi', 'wc', 'xargs', 'xxd', 'yes'],
];

/** The first root folder of a machine: the agent as init, busybox, and modules to load at start. */
export function initramfs(kit: Kit, agent: Buffer, bootModules: readonly string[]): Buffer {
  const busybox = readFileSync(join(kit.root, 'usr/bin/busybox'));
  const folders = ['dev', 'proc', 'sys', 'tmp', 'bin', 'lab', 'modules'].map(folder);
  const modules = bootModules.map((path): Entry => file(`modules/${basename(path)}`, readFileSync(path)));
  const list = modules.map(({ path }) => `/${path}\n`).join('');
  return gzipSync(
    cpio([
      ...folders,
      link('sbin', 'bin'),
      characterDevice('dev/console', 5, 1),
      program('init', agent),
      program('bin/busybox', busybox),
      ...applets.map((name) => link(`bin/${name}`, 'busybox')),
      file('modules/list', Buffer.from(list)),
      ...modules,
    ]),
  );
}
