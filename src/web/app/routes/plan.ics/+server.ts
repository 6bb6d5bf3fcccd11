// SPDX-License-Identifier: Apache-2.0
import { error, type RequestHandler } from '@sveltejs/kit';
import { planCalendar } from '../../../../plan/ics.ts';
import { keptPlan } from '../../../state/plan.ts';
import { fromStore } from '../../parts/from-store.ts';

export const GET: RequestHandler = async ({ url }) => {
  const kept = await fromStore(keptPlan);
  if (!kept) error(404, 'There is no plan yet');
  return new Response(
    planCalendar(kept.plan, {
      id: 'my-plan',
      revision: kept.version,
      url: ({ kind, ref }) => `${url.origin}/${kind}s/${ref}`,
    }),
    {
      headers: {
        'content-type': 'text/calendar; charset=utf-8',
        'content-disposition': 'attachment; filename="bringup-plan.ics"',
        'cache-control': 'private, no-cache',
      },
    },
  );
};
