// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BringupError } from '../shared/errors.ts';
import { AddressSpace } from './address-space.ts';
import { Caller } from './calls.ts';
import { LogRing, type LogRecord } from './log-ring.ts';
import { locateMailbox, Mailbox, slotCount } from './mailbox.ts';
import { GuestMemory, ramBase } from './memory.ts';
import { processorsOf, startQemu, type Lane, type MachineModel, type Qemu } from './qemu.ts';
import type { Survey } from './survey.ts';
import type { Template } from './template.ts';
import { Vital } from './vital.ts';
import { parseVmcoreInfo } from './vmcoreinfo.ts';

const capabilities = { capabilities: [{ capability: 'x-ignore-shared', state: true }] };
// The start of the arena takes modules to load; the rest is shared out among the tasks.
const bulkBytes = 0x80000;
const bootDeadline = 300_000;

/**
 * One virtual machine, used once and thrown away: booted to make a template, or restored from one in a
 * private copy-on-write map of its memory.
 */
export class Machine {
  readonly #qemu: Qemu;
  readonly memory: GuestMemory;
  readonly mailbox: Mailbox;
  /** How many processors it has. */
  readonly processors: number;
  readonly mailboxPages: number[];
  readonly caller: Caller;
  readonly vital: Vital;
  #space: AddressSpace | undefined;
  #ring: LogRing | undefined;
  #serial: Buffer[];
  #logStart = 0;
  #records: LogRecord[] = [];
  /** How many records since `startLog` were overwritten before they were read. */
  logLost = 0;
  #stopped = false;

  private constructor(
    qemu: Qemu,
    lane: Lane,
    memory: GuestMemory,
    pages: number[],
    vital: Vital,
    serial: Buffer[],
  ) {
    this.processors = processorsOf[lane];
    this.#qemu = qemu;
    this.memory = memory;
    this.mailboxPages = pages;
    this.mailbox = new Mailbox(memory, pages);
    this.vital = vital;
    this.#serial = serial;
    this.caller = new Caller(this.mailbox, vital);
  }

  /** Boots a machine whose files are made in `folder`, and waits for its agent. */
  static async boot(model: MachineModel, folder: string, signal?: AbortSignal): Promise<Machine> {
    const qemu = startQemu(model, folder, 'boot');
    const { vital, serial } = await watch(qemu);
    try {
      await qemu.qmp.command('cont');
      const memory = new GuestMemory(await qemu.pid, join(folder, 'ram'));
      for (const start = performance.now(); ;) {
        const pages = locateMailbox(memory, ramBase.q35);
        if (pages) return new Machine(qemu, model.lane, memory, pages, vital, serial);
        signal?.throwIfAborted();
        if (vital.lost) throw vital.lost;
        if (vital.down) throw wentDown(serial);
        if (performance.now() - start > bootDeadline) {
          throw new BringupError('E-MACHINE-BOOT', `no agent after ${bootDeadline / 1000} s`);
        }
        await sleep(200);
      }
    } catch (error) {
      qemu.process.kill('SIGKILL');
      throw error;
    }
  }

  /** A running clone of a template. `sockets`: see startQemu. */
  static async restore(template: Template, sockets?: string): Promise<Machine> {
    const qemu = startQemu(template.model, template.folder, 'restore', sockets);
    const { vital, serial } = await watch(qemu);
    try {
      await qemu.qmp.command('migrate-set-capabilities', capabilities);
      await qemu.qmp.command('migrate-incoming', { uri: 'file:/template/state' });
      await migrated(qemu);
      const memory = new GuestMemory(await qemu.pid, join(template.folder, 'ram'));
      const machine = new Machine(qemu, template.model.lane, memory, template.survey.mailbox, vital, serial);
      machine.describe(template.survey);
      await qemu.qmp.command('cont');
      return machine;
    } catch (error) {
      qemu.process.kill('SIGKILL');
      if (vital.lost) throw vital.lost;
      throw error;
    }
  }

  /** Says where things are in this kernel's memory. */
  describe(survey: Pick<Survey, 'layout' | 'symbols'> & { vmcoreinfo?: string }): void {
    const symbols = Object.fromEntries(
      Object.entries(survey.symbols).map(([name, hex]) => [name, BigInt(hex)]),
    );
    const layout = { physBase: BigInt(survey.layout.physBase), pageOffset: BigInt(survey.layout.pageOffset) };
    this.#space = new AddressSpace(this.memory, layout, symbols);
    if (survey.vmcoreinfo) this.#ring = new LogRing(this.#space, parseVmcoreInfo(survey.vmcoreinfo));
  }

  /** The kernel's memory; only once the machine was described. */
  get space(): AddressSpace {
    if (!this.#space) throw new Error('the machine was not described yet');
    return this.#space;
  }

  /** Process ids of the tasks there are, by slot. */
  taskPids(): Map<number, number> {
    this.mailbox.refresh();
    const slots = Array.from({ length: slotCount - 1 }, (_, i) => i + 1);
    return new Map(
      slots.map((slot) => [slot, this.mailbox.state(slot).pid] as const).filter(([, pid]) => pid > 0),
    );
  }

  /** The part of the arena that modules are loaded from. */
  get bulk(): { start: bigint; end: bigint } {
    return { start: this.mailbox.arena.start, end: this.mailbox.arena.start + BigInt(bulkBytes) };
  }

  /** The part of the arena that belongs to a task. */
  arenaOf(slot: number): { start: bigint; end: bigint } {
    const share = Math.floor((this.mailbox.arena.size - bulkBytes) / slotCount) & ~4095;
    const start = this.mailbox.arena.start + BigInt(bulkBytes + slot * share);
    return { start, end: start + BigInt(share) };
  }

  /** From here on `logSinceStart` counts. */
  startLog(): void {
    this.#logStart = (this.#ring!.read().at(-1)?.seq ?? -1) + 1;
    this.#records = [];
  }

  /**
   * Records of the kernel log since `startLog`, read from outside: also after a panic. What was read
   * once is kept, so that later messages do not push it out.
   */
  logSinceStart(): LogRecord[] {
    const next = (this.#records.at(-1)?.seq ?? this.#logStart - 1) + 1;
    const fresh = this.#ring?.read(next) ?? [];
    this.logLost += Math.max(0, (fresh[0]?.seq ?? next) - next);
    this.#records.push(...fresh);
    return this.#records;
  }

  /** Runs a command of QEMU's own monitor and gives what it prints. */
  async monitor(command: string): Promise<string> {
    return (await this.#qemu.qmp.command('human-monitor-command', { 'command-line': command })) as string;
  }

  /** Plugs a device in, named by QEMU's properties of it. Throws what QEMU says against it. */
  async addDevice(properties: Record<string, unknown>): Promise<void> {
    await this.#qemu.qmp.command('device_add', properties);
  }

  /** Returns once QEMU has taken up what came in before: interrupts of devices outside among it. */
  async attend(): Promise<void> {
    await this.#qemu.qmp.command('query-status');
  }

  /** The first serial port, for a person. */
  get serial(): Qemu['serial'] {
    return this.#qemu.serial;
  }

  serialOutput(): Buffer {
    return Buffer.concat(this.#serial);
  }

  /** Stops the guest and saves its devices beside its memory; the machine is then of no more use. */
  async save(): Promise<void> {
    const { qmp } = this.#qemu;
    await qmp.command('stop');
    await qmp.command('migrate-set-capabilities', capabilities);
    await qmp.command('migrate', { uri: 'file:/template/state' });
    await migrated(this.#qemu);
    await qmp.command('quit').catch(() => {}); // it may be gone before it answers
  }

  /** Makes it stand still, so that it takes no processor while it waits to be used. */
  async pause(): Promise<void> {
    await this.#qemu.qmp.command('stop');
  }

  async resume(): Promise<void> {
    await this.#qemu.qmp.command('cont');
  }

  /** Ends the machine and waits until it is gone. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#qemu.process.kill('SIGKILL');
    await this.#qemu.gone;
    this.memory.close();
  }
}

/** The last of what the kernel wrote to its console says why. */
function wentDown(serial: readonly Buffer[]): BringupError {
  const lines = Buffer.concat(serial).toString('latin1').trim().split(/\r?\n/);
  const why = lines.find((line) => /Kernel panic|agent: |BUG: /.test(line)) ?? lines.at(-1);
  return new BringupError(
    'E-MACHINE-BOOT',
    `the kernel went down before its agent started: ${why || 'its console is empty'}`,
  );
}

async function watch(qemu: Qemu): Promise<{ vital: Vital; serial: Buffer[] }> {
  const serial: Buffer[] = [];
  qemu.serial.on('data', (chunk: Buffer) => {
    if (serial.length < 10_000) serial.push(chunk);
  });
  const vital = new Vital(await qemu.pid);
  void qemu.gone.then(({ status, signal, stderr }) => {
    const how = signal ? `signal ${signal}` : `status ${status}`;
    vital.lost = new BringupError('E-MACHINE-LOST', `QEMU ended by ${how}${stderr ? `: ${stderr}` : ''}`);
  });
  qemu.qmp.onEvent = (event) => {
    if (event === 'SHUTDOWN' || event === 'RESET' || event === 'GUEST_PANICKED') vital.down = true;
  };
  return { vital, serial };
}

async function migrated(qemu: Qemu): Promise<void> {
  for (;;) {
    const { status, 'error-desc': error } = (await qemu.qmp.command('query-migrate')) as {
      status?: string;
      'error-desc'?: string;
    };
    if (status === 'completed') return;
    if (status === 'failed')
      throw new BringupError(
        'E-TEMPLATE',
        `QEMU could not save or load a machine: ${error ?? 'no reason given'}`,
      );
    await sleep(1);
  }
}
