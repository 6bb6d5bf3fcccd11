// SPDX-License-Identifier: Apache-2.0
import { error, type RequestHandler } from '@sveltejs/kit';
import { planMarkdown } from '../../../../plan/markdown.ts';
import { keptPlan } from '../../../state/plan.ts';
import { fromStore } from '../../parts/from-store.ts';

export const GET: RequestHandler = async () => {
  const kept = await fromStore(keptPlan);
  if (!kept) error(404, 'There is no plan yet');
  return new Response(planMarkdown(kept.plan), {
    headers: {
      'content-type': 'text/markdown; charset=utf-8',
      'content-disposition': 'attachment; filename="bringup-plan.md"',
      'cache-control': 'private, no-cache',
    },
  });
};
