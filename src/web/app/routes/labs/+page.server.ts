// SPDX-License-Identifier: Apache-2.0
import { labLists } from '../../../site/labs.ts';
import { engine, type Engine } from '../../../state/engine.ts';

export function load(): { lists: ReturnType<typeof labLists>; engine: Engine } {
  return { lists: labLists(), engine: engine() };
}
