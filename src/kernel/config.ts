// SPDX-License-Identifier: Apache-2.0

/** Options of a .config or a fragment: name → value as written ('y', 'm', 'n', '18', '"text"'). */
export function parseConfig(text: string): Map<string, string> {
  const options = new Map<string, string>();
  for (const line of text.split('\n')) {
    const set = /^(CONFIG_\w+)=(.*)$/.exec(line);
    const unset = /^# (CONFIG_\w+) is not set$/.exec(line);
    if (set) options.set(set[1]!, set[2]!);
    else if (unset) options.set(unset[1]!, 'n');
  }
  return options;
}

/**
 * The requests of a fragment that the final configuration does not meet, as sentences. An option that
 * Kconfig dropped without a word (a missing dependency, a choice decided otherwise) shows up here.
 */
export function unmet(fragment: string, final: string): string[] {
  const got = parseConfig(final);
  const problems: string[] = [];
  for (const [name, wanted] of parseConfig(fragment)) {
    const value = got.get(name) ?? 'n';
    if (value !== wanted) problems.push(`${name}=${wanted} was asked for, the result has ${value}`);
  }
  return problems;
}
