// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sandboxFolder } from '../kernel/source.ts';
import type { Kit } from '../kit/kit.ts';
import { sandboxed } from '../kit/sandbox.ts';
import { BringupError } from '../shared/errors.ts';
import { cacheFolder, repository } from '../shared/paths.ts';
import { run } from '../shared/run.ts';

const sources = ['agent.c', 'calls.c', 'setup.c', 'agent.h', 'mailbox.h'];

/** Names the agent that these sources make in this kit. */
export function agentId(kit: Kit): string {
  const digest = createHash('sha256').update(kit.id);
  for (const name of sources) digest.update(readFileSync(join(repository, 'guest', name)));
  return digest.digest('hex').slice(0, 16);
}

/** The agent as a static program, compiled in the kit once for each version of its sources. */
export async function buildAgent(kit: Kit): Promise<Buffer> {
  const file = cacheFolder('agents', agentId(kit));
  if (!existsSync(file)) {
    sandboxFolder(cacheFolder('agents'));
    const work = sandboxFolder(mkdtempSync(join(cacheFolder('agents'), '.build-')));
    const argv = [
      'gcc',
      '-O2',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-static',
      '-no-pie',
      '-o',
      '/out/agent',
      ...sources.filter((name) => name.endsWith('.c')).map((name) => `/guest/${name}`),
    ];
    const result = await run(
      sandboxed(
        { kit: kit.root, readOnly: { '/guest': join(repository, 'guest') }, writable: { '/out': work } },
        argv,
      ),
    );
    if (result.status !== 0) {
      throw new BringupError(
        'E-TEMPLATE',
        `the agent did not compile: ${result.stderr.toString().slice(0, 2000)}`,
      );
    }
    renameSync(join(work, 'agent'), file);
    rmSync(work, { recursive: true });
  }
  return readFileSync(file);
}
