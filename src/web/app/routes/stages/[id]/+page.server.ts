// SPDX-License-Identifier: Apache-2.0
import { error, redirect, type ServerLoadEvent } from '@sveltejs/kit';
import { stagePage, type StagePage } from '../../../../site/stages.ts';
import { stageByNumber } from '../../../../site/site.ts';

export function load({ params }: ServerLoadEvent<{ id: string }>): StagePage {
  const numbered = /^\d$/.test(params.id) && stageByNumber(Number(params.id));
  if (numbered) redirect(308, `/stages/${numbered.id}`);
  return stagePage(params.id) ?? error(404, 'There is no such stage');
}
