// SPDX-License-Identifier: Apache-2.0

// What is marked, a call, an option of the kernel, a name with underscores, a path in the tree.
const name =
  /(?:`[^`]+`|[A-Za-z_]\w*\(\)|CONFIG_\w+|\b[A-Za-z]\w*_\w+|(?<![\w/])(?:\/(?:dev|proc|sys)|drivers|include|kernel|fs|mm|net|arch)\/[\w./-]*\w)/;

/** Text in pieces, those that name something in the code apart. */
export function pieces(text: string): { code: boolean; says: string }[] {
  return text
    .split(new RegExp(`(${name.source})`))
    .map((says, at) => ({ code: at % 2 === 1, says: at % 2 === 1 ? says.replaceAll('`', '') : says }))
    .filter(({ says }) => says !== '');
}
