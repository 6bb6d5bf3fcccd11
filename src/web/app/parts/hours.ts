// SPDX-License-Identifier: Apache-2.0

/** Hours as the time stamp of a boot log: '[  105 h]'. */
export function stamp(hours: number): string {
  return `[${String(hours).padStart(5)} h]`;
}
