// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { BringupError } from '../shared/errors.ts';
import { ms } from './calls.ts';
import { listGuestFolder } from './guest-file.ts';
import type { Machine } from './machine.ts';
import { portName } from './qemu.ts';

/** A device as QEMU's -device has it: a driver's name, then properties: 'edu,dma_mask=0xfffffff'. */
export const deviceForm = z
  .string()
  .regex(
    /^[a-z0-9][\w.-]*(,[\w.-]+=[\w.:-]+)*$/,
    'a device is a driver name and properties: edu,dma_mask=0xffff',
  );

const folder = '/sys/bus/pci/devices';
/**
 * Guest milliseconds until a kernel has found what was plugged in, at most. It waits five seconds whether somebody
 * presses the slot's button again (drivers/pci/hotplug/pciehp_ctrl.c), and some more for the link.
 */
const patience = 20_000;
/** How much of that passes at once: where guest time costs nothing, and where it is real time. */
const steps = { steady: 1000, real: 100 };

/**
 * Plugs devices into a running machine and waits until its kernel has found them. Many devices lose their
 * state when a machine is saved or refuse to be (research: edu, pci-testdev, nvme …); plugged in after the
 * restore they are as new, in every lane. Throws E-MACHINE-DEVICE.
 */
export async function plug(machine: Machine, devices: readonly string[]): Promise<void> {
  for (const [index, device] of devices.entries()) {
    const refusal = await machine.monitor(`device_add ${device},id=lab${index},bus=${portName(index)}`);
    if (refusal.trim())
      throw new BringupError('E-MACHINE-DEVICE', `QEMU refused the device ${device}: ${refusal.trim()}`);
    await awaitDevice(machine, index, device);
  }
}

/** Waits until the kernel has found what was plugged into a root port; gives its folder. Throws E-MACHINE-DEVICE. */
export async function awaitDevice(machine: Machine, port: number, what: string): Promise<string> {
  const name = `0000:${(port + 1).toString(16).padStart(2, '0')}:00.0`; // buses are numbered in the order of the ports
  const step = machine.processors === 1 ? steps.steady : steps.real;
  for (let waited = 0; waited < patience; waited += step) {
    await machine.caller.pass(ms(step));
    if ((await listGuestFolder(machine, folder)).includes(name)) return `${folder}/${name}`;
  }
  throw new BringupError(
    'E-MACHINE-DEVICE',
    `the kernel did not find the device ${what} within ${patience / 1000} s`,
  );
}
