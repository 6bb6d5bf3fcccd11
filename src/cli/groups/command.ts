// SPDX-License-Identifier: Apache-2.0
// What the groups of commands share. Each command's module is loaded when it runs: starting costs only what is used.

/** Options of all commands; each command reads its own. */
export interface Flags {
  json?: boolean;
  wait?: boolean;
  quick?: boolean;
  again?: boolean;
  anyway?: boolean;
  module?: string[];
  last?: string | true;
  runs: string;
  jobs: string;
  flavor?: string;
  only?: string;
  brief?: boolean;
  minutes: string;
  rejudge?: boolean;
  name?: string;
  kernel?: string;
  templates?: boolean;
  all?: boolean;
  write?: boolean;
  replace?: boolean;
  port: string;
}

export type Work = (signal: AbortSignal) => number | Promise<number>;

/** Makes the action of a command: its exit status becomes that of the program. */
export type Run = (work: Work) => () => Promise<void>;

export const json = ['--json', 'print the result as JSON'] as const;
