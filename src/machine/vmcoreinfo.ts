// SPDX-License-Identifier: Apache-2.0
// The kernel's own description of its structures for tools that look at it from outside:
// Documentation/admin-guide/kdump/vmcoreinfo.rst.

export interface VmcoreInfo {
  symbol: (name: string) => bigint;
  offset: (member: string) => number;
  size: (type: string) => number;
  number: (name: string) => bigint;
}

/** Reads the text of the note. The getters throw a RangeError for a name that is not in it. */
export function parseVmcoreInfo(text: string): VmcoreInfo {
  const entries = new Map<string, string>();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) entries.set(line.slice(0, equals), line.slice(equals + 1));
  }
  const get = (key: string): string => {
    const value = entries.get(key);
    if (value === undefined) throw new RangeError(`vmcoreinfo has no ${key}`);
    return value;
  };
  return {
    symbol: (name) => BigInt(`0x${get(`SYMBOL(${name})`)}`),
    offset: (member) => Number(get(`OFFSET(${member})`)),
    size: (type) => Number(get(`SIZE(${type})`)),
    number: (name) => BigInt(get(`NUMBER(${name})`)),
  };
}
