// SPDX-License-Identifier: Apache-2.0
import { error, redirect, type ServerLoadEvent } from '@sveltejs/kit';
import { pastSkill, skillPage, type SkillPage } from '../../../../site/skill.ts';

export function load({ params }: ServerLoadEvent<{ id: string }>): SkillPage {
  const page = skillPage(params.id);
  if (page) return page;
  const past = pastSkill(params.id);
  if (past && 'renamed' in past) redirect(308, `/skills/${past.renamed}`);
  if (past) error(410, 'This skill was taken off the roadmap');
  error(404, 'There is no such skill');
}
