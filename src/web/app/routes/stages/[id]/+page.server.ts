// SPDX-License-Identifier: Apache-2.0
import { error, redirect, type ServerLoadEvent } from '@sveltejs/kit';
import { stagePage, type StagePage } from '../../../../site/stages.ts';
import { stageByNumber } from '../../../../site/site.ts';
import { ownPart, ownSkills, type Own, type OwnPart } from '../../../../state/own.ts';

export type StageWithOwn = StagePage & { part: OwnPart<Own> };

export async function load({ params }: ServerLoadEvent<{ id: string }>): Promise<StageWithOwn> {
  const numbered = /^\d$/.test(params.id) && stageByNumber(Number(params.id));
  if (numbered) redirect(308, `/stages/${numbered.id}`);
  const page = stagePage(params.id);
  if (!page) error(404, 'There is no such stage');
  return { ...page, part: await ownPart(ownSkills) };
}
