// SPDX-License-Identifier: Apache-2.0
import type { Structs } from '../kernel/structs.ts';
import type { AddressSpace } from './address-space.ts';

const longestName = 32; // WQ_NAME_LEN in include/linux/workqueue.h

/**
 * Names of all workqueues, read from outside (kernel/workqueue.c, the list `workqueues`). A workqueue that
 * nobody destroys is no leak to kmemleak, since this list still leads to it. Empty for a kernel whose
 * structures are not known.
 */
export function workqueues(space: AddressSpace, structs: Structs | undefined): string[] {
  const offsets = structs?.['workqueue_struct'];
  const head = space.symbol('workqueues');
  if (offsets?.['list'] === undefined || offsets['name'] === undefined || head === undefined) return [];
  const toName = BigInt(offsets['name'] - offsets['list']);
  const names: string[] = [];
  let node = space.word(head);
  // The list is the guest's word: it may have no end.
  for (let count = 0; node !== head && node !== 0n && count < 1000; count++) {
    const bytes = space.bytes(node + toName, longestName);
    if (!bytes) break;
    names.push(bytes.toString('latin1').split('\0')[0]!);
    node = space.word(node);
  }
  return names;
}
