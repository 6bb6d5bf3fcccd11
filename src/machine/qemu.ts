// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { sandboxed } from '../kit/sandbox.ts';
import { BringupError } from '../shared/errors.ts';
import { Qmp } from './qmp.ts';

/**
 * How a machine runs its processors. `steady`: one processor under QEMU's instruction counter, so that
 * guest time is counted in instructions and sleeping costs nothing. `racing`: two processors in
 * parallel, real time. `kvm`: two processors in hardware.
 */
export type Lane = 'steady' | 'racing' | 'kvm';

export interface MachineModel {
  kit: string;
  /** Folder with the kernel's image, and the image's name in it. */
  kernel: { folder: string; image: string };
  commandLine: string;
  lane: Lane;
  /** Bytes of RAM. */
  memory: number;
  /** More QEMU arguments; part of the template's key. */
  devices: readonly string[];
}

/** How many devices a lab may plug in: each goes into a PCIe root port of its own. */
export const portCount = 4;
export const portName = (index: number): string => `port${index}`;

/** Where QEMU sees the folder of sockets that modelled devices listen at. */
export const socketFolder = '/sockets';

/** A running QEMU. */
export interface Qemu {
  process: ChildProcess;
  /** QEMU's own process id on the host. */
  pid: Promise<number>;
  qmp: Qmp;
  /** The first serial port. */
  serial: Duplex;
  /** Resolves when QEMU is gone, with how it ended. */
  gone: Promise<{ status: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

export const processorsOf: Record<Lane, number> = { steady: 1, racing: 2, kvm: 2 };

const lanes: Record<Lane, string[]> = {
  // shift=3: an instruction counts as 8 ns, about what the emulator takes for one.
  steady: ['-accel', 'tcg,thread=single,tb-size=128', '-icount', 'shift=3,sleep=off', '-cpu', 'max'],
  racing: ['-accel', 'tcg,thread=multi,tb-size=128', '-cpu', 'max'],
  kvm: ['-accel', 'kvm', '-cpu', 'host'],
};

/** Always there, so that one template serves labs with and without devices. */
const rootPorts = Array.from({ length: portCount }, (_, i) => [
  '-device',
  `pcie-root-port,id=${portName(i)},chassis=${i + 1},addr=0x${(8 + i).toString(16)}`,
]).flat();

/**
 * Starts QEMU in a sandbox, stopped before its first instruction. `folder` holds (or gets) the files
 * `ram`, `state` and `initramfs`. With `restore`, RAM is a private copy-on-write map of the file and
 * nothing in the folder is written; the caller then loads `state`. `sockets` is a folder that it sees as
 * `socketFolder`.
 */
export function startQemu(
  model: MachineModel,
  folder: string,
  mode: 'boot' | 'restore',
  sockets?: string,
): Qemu {
  const argv = sandboxed(
    {
      kit: model.kit,
      readOnly: {
        '/kernel': model.kernel.folder,
        ...(mode === 'restore' && { '/template': folder }),
        ...(sockets !== undefined && { [socketFolder]: sockets }),
      },
      writable: mode === 'boot' ? { '/template': folder } : {},
      kvm: model.lane === 'kvm',
    },
    qemuArguments(model, mode),
  );
  argv.splice(1, 0, '--info-fd', '5');
  // A guest spins while it waits; what answers it must get a processor before it does.
  if (sockets !== undefined) argv.unshift('nice', '-n', '5');
  const child = spawn(argv[0]!, argv.slice(1), {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const [, , stderr, monitor, serial, info] = child.stdio as unknown as [
    null,
    null,
    Readable,
    Duplex,
    Duplex,
    Duplex,
  ];
  for (const stream of [monitor, serial, info]) stream.on('error', () => {});

  let errors = '';
  stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
  const gone = new Promise<Awaited<Qemu['gone']>>((resolve) => {
    child.on('error', (error) => resolve({ status: null, signal: null, stderr: String(error) }));
    child.on('close', (status, signal) => resolve({ status, signal, stderr: errors.trim() }));
  });
  const qmp = new Qmp(monitor);
  const pid = qemuPid(info, qmp, gone);
  pid.catch(() => {}); // reported by whoever waits for it
  return { process: child, pid, qmp, serial, gone };
}

function qemuArguments(model: MachineModel, mode: 'boot' | 'restore'): string[] {
  const ram = `memory-backend-file,id=ram,size=${model.memory},mem-path=/template/ram`;
  const image = join('/kernel', model.kernel.image);
  return [
    'qemu-system-x86_64',
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-S'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-machine', 'q35,memory-backend=ram', '-m', `size=${model.memory}b`],
    ...['-object', mode === 'boot' ? `${ram},share=on` : `${ram},share=off,readonly=on,rom=off`],
    ...lanes[model.lane],
    ...['-smp', String(processorsOf[model.lane])],
    ...['-chardev', 'socket,id=monitor,fd=3', '-object', 'monitor-qmp,id=qmp,chardev=monitor'],
    ...['-chardev', 'socket,id=serial,fd=4', '-serial', 'chardev:serial'],
    // A guest that reboots or panics stays as it is, so that its memory can be read.
    ...['-action', 'reboot=shutdown,shutdown=pause'],
    ...rootPorts,
    ...model.devices,
    ...(mode === 'boot'
      ? ['-kernel', image, '-initrd', '/template/initramfs', '-append', model.commandLine]
      : ['-incoming', 'defer']),
  ];
}

/**
 * QEMU is the child of the sandbox's first process, whose id bubblewrap writes to --info-fd as JSON. It
 * is certainly there once it has answered.
 */
async function qemuPid(info: Readable, qmp: Qmp, gone: Qemu['gone']): Promise<number> {
  const first = new Promise<number>((resolve) => {
    let text = '';
    info.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const pid = /"child-pid": *(\d+)/.exec(text)?.[1];
      if (pid) resolve(Number(pid));
    });
  });
  const early = gone.then(({ status, stderr }): never => {
    throw new BringupError(
      'E-MACHINE-START',
      `QEMU ended at once with status ${status}: ${stderr || 'no message'}`,
    );
  });
  const [parent] = await Promise.race([
    Promise.all([first, qmp.command('query-status').catch(() => early)]),
    early,
  ]);
  return Number(readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ')[0]);
}
