// SPDX-License-Identifier: Apache-2.0
import { moduleSpace } from '../machine/address-space.ts';
import { allocatorsOwn, type Survey } from '../machine/survey.ts';
import { Failure } from './failure.ts';
import type { Guest } from './guest.ts';
import type { OpenFile } from './open-file.ts';
import type { Task } from './task.ts';

/** Failures on demand (Documentation/fault-injection/fault-injection.rst in the kernel source). */
export class Faults {
  readonly #guest: Guest;
  #armed = false;
  /** Allocations that were made to fail so far. */
  injected = 0;

  readonly #functions: Survey['functions'];

  constructor(guest: Guest, { functions }: Pick<Survey, 'functions'>) {
    this.#guest = guest;
    this.#functions = functions;
  }

  /**
   * Runs `scenario` again and again; in round n the n-th allocation that the learner's module makes, or
   * has made on its behalf, fails. Ends with the first round in which no allocation is left to fail. The
   * scenario must do everything in `task` and leave the module as it found it; it is told the number of
   * the allocation that fails, 0 in a first round without any. Gives how many allocations were failed.
   */
  async everyAllocation(scenario: (task: Task, n: number) => Promise<void>, limit = 64): Promise<number> {
    const task = await this.#guest.task();
    await this.#arm();
    const control = await task.open(`/proc/${task.pid}/task/${task.pid}/fail-nth`, 'rw');
    await scenario(task, 0);
    for (let n = 1; n <= limit; n++) {
      await control.write(String(n));
      try {
        await scenario(task, n);
      } catch (error) {
        if (error instanceof Failure) error.message = `with allocation ${n} failing: ${error.message}`;
        if (!task.busy) await control.write('0').then(undefined, () => {}); // the task may be dead
        throw error;
      }
      if (!(await this.#wasInjected(control))) {
        await control.close();
        return n - 1;
      }
      this.injected++;
    }
    throw new Failure(`the module makes more than ${limit} allocations in what the check does`);
  }

  /** fail-nth counts down to 0 when it has failed something; what is left is taken back. */
  async #wasInjected(control: OpenFile): Promise<boolean> {
    const left = parseInt((await control.readAt(0, 16)).toString(), 10);
    await control.write('0');
    return left === 0;
  }

  async #arm(): Promise<void> {
    if (this.#armed) return;
    this.#armed = true;
    // Only what a frame of a module is on the stack for: the learner's allocations and those made for it,
    // not the kernel's own for loading modules and opening files.
    for (const what of ['failslab', 'fail_page_alloc']) {
      await this.#only(what, moduleSpace.start, moduleSpace.end);
      await this.#set(what, 'ignore-gfp-wait', 'N');
    }
    // Nor what the allocator needs for itself now and then, a page for its objects or records about them:
    // counted, it would stand in the place of an allocation of the module's in one round and not in the next.
    await this.#spare('failslab', allocatorsOwn.records);
    await this.#spare('fail_page_alloc', allocatorsOwn.pages);
    await this.#set('fail_page_alloc', 'min-order', '0');
    // Copies from and to user space count in fail-nth too; no stack has a frame between 1 and 2.
    await this.#only('fail_usercopy', 1n, 2n);
  }

  async #only(what: string, start: bigint, end: bigint): Promise<void> {
    await this.#set(what, 'stacktrace-depth', '32');
    await this.#set(what, 'require-start', `0x${start.toString(16)}`);
    await this.#set(what, 'require-end', `0x${end.toString(16)}`);
    await this.#set(what, 'verbose', '0');
  }

  /** Fails nothing that this function of the kernel allocates. */
  async #spare(what: string, name: string): Promise<void> {
    const extent = this.#functions[name];
    if (!extent) return; // a kernel of another version
    await this.#set(what, 'reject-start', extent.start);
    await this.#set(what, 'reject-end', extent.end);
  }

  #set(what: string, name: string, value: string): Promise<void> {
    return this.#guest.writeFile(`/sys/kernel/debug/${what}/${name}`, value);
  }
}
