// SPDX-License-Identifier: Apache-2.0
import { error, redirect, type ServerLoadEvent } from '@sveltejs/kit';
import { pastSkill, skillPage, type SkillPage } from '../../../../site/skill.ts';
import { ownPart, ownSkills, type OwnPart } from '../../../../state/own.ts';

export type SkillWithOwn = SkillPage & { part: OwnPart<{ says: string[]; planned: boolean }> };

export async function load({ params }: ServerLoadEvent<{ id: string }>): Promise<SkillWithOwn> {
  const page = skillPage(params.id);
  if (page) {
    const part = await ownPart(async (mine) => {
      const { has, planned } = await ownSkills(mine);
      return { says: has.get(params.id) ?? [], planned: planned?.has(params.id) ?? false };
    });
    return { ...page, part };
  }
  const past = pastSkill(params.id);
  if (past && 'renamed' in past) redirect(308, `/skills/${past.renamed}`);
  if (past) error(410, 'This skill was taken off the roadmap');
  error(404, 'There is no such skill');
}
