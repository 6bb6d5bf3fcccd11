// SPDX-License-Identifier: Apache-2.0
import { error, redirect, type ServerLoadEvent } from '@sveltejs/kit';
import { isPlanned, labPage, type LabPage } from '../../../../site/labs.ts';
import { engine, type Engine } from '../../../../state/engine.ts';
import { ownPart, type OwnPart } from '../../../../state/own.ts';
import { lastVerdict, type VerdictShown } from '../../../../state/verdicts.ts';

export type LabWithVerdict = LabPage & { engine: Engine; part: OwnPart<{ verdict?: VerdictShown }> };

export async function load({ params }: ServerLoadEvent<{ id: string }>): Promise<LabWithVerdict> {
  const page = labPage(params.id);
  if (page) {
    const part = await ownPart(async (mine) => {
      const verdict = await lastVerdict(mine, params.id);
      return { ...(verdict && { verdict }) };
    });
    return { ...page, engine: engine(), part };
  }
  if (isPlanned(params.id)) redirect(302, `/labs#${params.id}`);
  error(404, 'There is no such lab');
}
