// SPDX-License-Identifier: Apache-2.0
import { labLists } from '../../../site/labs.ts';

export function load(): { lists: ReturnType<typeof labLists> } {
  return { lists: labLists() };
}
