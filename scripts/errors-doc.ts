// SPDX-License-Identifier: Apache-2.0
// Makes docs/errors.md from src/shared/error-catalog.ts. `node scripts/errors-doc.ts` writes it; with
// --check nothing is written, and the exit status is 1 when the file is not what it should be.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalog, entryOf, type ErrorCode } from '../src/shared/error-catalog.ts';
import { exit } from '../src/shared/errors.ts';
import { repository } from '../src/shared/paths.ts';

/** Where the document stands. */
export const errorsFile = join(repository, 'docs', 'errors.md');

const introduction = `<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Made by scripts/errors-doc.ts from src/shared/error-catalog.ts (npm run docs). Do not edit. -->

# Errors

Every error of bringup has a code, which stands first in what the terminal prints and in \`error.code\` of the
JSON that \`--json\` prints. None of them says anything about a learner's code: what is wrong with that is a
finding or a requirement that was not met, in a verdict of its own. An error that comes up while code is
being judged makes the verdict \`inconclusive\`, and nothing is recorded.

The message printed with the code says what happened in this case; the advice below is the general one.
The exit status is ${exit.usage} when the command was called wrongly, and ${exit.ours} for everything else. E-INTERRUPTED
is the exception: what Ctrl-C or a signal ends has status ${exit.interrupted}.
`;

/** The whole document. */
export function errorsDocument(): string {
  const codes = (Object.keys(catalog) as ErrorCode[]).sort();
  return [introduction, ...codes.map(section)].join('\n');
}

function section(code: ErrorCode): string {
  const { means, next, usage } = entryOf(code);
  const status = usage ? exit.usage : code === 'E-INTERRUPTED' ? exit.interrupted : exit.ours;
  return `## ${code}\n\n${means}\n\nNext: ${next}\n\nExit status: ${status}\n`;
}

function main(args: readonly string[]): void {
  const wanted = errorsDocument();
  if (!args.includes('--check')) return writeFileSync(errorsFile, wanted);
  if (existsSync(errorsFile) && readFileSync(errorsFile, 'utf8') === wanted) return;
  process.stderr.write('docs/errors.md is not what the catalog says: run npm run docs\n');
  process.exitCode = exit.fail;
}

if (import.meta.main) main(process.argv.slice(2));
