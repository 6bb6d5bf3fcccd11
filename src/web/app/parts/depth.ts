// SPDX-License-Identifier: Apache-2.0
import type { Depth } from '../../../roadmap/schema.ts';

/** F, W, A or E. */
export function letterOf(depth: Depth): string {
  return depth[0]!.toUpperCase();
}
