// SPDX-License-Identifier: Apache-2.0
import type { AnyRule } from '../describe/device.ts';
import type { RegisterFile } from './registers.ts';

/** The rules that an access breaks, given what the registers hold before it, with what was found instead. */
export function* brokenRules(
  rules: Readonly<Record<string, AnyRule>>,
  registers: RegisterFile,
  access: 'read' | 'write',
  register: string,
): Generator<{ rule: string; detail: string }> {
  for (const [rule, { when, require }] of Object.entries(rules)) {
    if (![when?.[access] ?? []].flat().includes(register)) continue;
    for (const [path, wanted] of Object.entries(require ?? {})) {
      const found = registers.get(path);
      if ([wanted].flat().some((value) => value === found)) continue;
      const did = access === 'read' ? 'read' : 'written';
      yield {
        rule,
        detail: `${register} was ${did} while ${path} was ${String(found ?? 'no listed value')}`,
      };
    }
  }
}
