// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { deviceForm } from './devices.ts';

test.each(['edu', 'i6300esb', 'edu,dma_mask=0xfffffff', 'virtio-rng-pci,max-bytes=64,period=1000'])(
  '%s is a device',
  (text) => expect(deviceForm.safeParse(text).success).toBe(true),
);

// The text goes into a command of QEMU's monitor.
test.each(['', 'edu ', 'edu,bus', 'edu\nquit', 'edu;quit', 'edu,id=a b', ',edu', 'Edu', 'edu,x="y"'])(
  '%j is none',
  (text) => expect(deviceForm.safeParse(text).success).toBe(false),
);
