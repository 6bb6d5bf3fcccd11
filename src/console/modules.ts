// SPDX-License-Identifier: Apache-2.0
import type { Message } from './message.ts';

/**
 * The modules that a log marks as out of tree: 'Modules linked in: echo(O) …' (kernel/module/main.c:
 * print_modules). With no other knowledge these are the ones that whoever shows the log works on.
 */
export function outOfTreeModules(messages: readonly Message[]): string[] {
  const names = new Set<string>();
  for (const { text } of messages) {
    if (!text.startsWith('Modules linked in:')) continue;
    for (const [, name, flags] of text.matchAll(/ (?:\[last unloaded: )?([\w-]{1,64})\(([A-Z+-]{1,16})\)/g)) {
      if (name !== undefined && flags?.includes('O')) names.add(name);
    }
  }
  return [...names];
}
