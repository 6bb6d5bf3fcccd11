// SPDX-License-Identifier: Apache-2.0
import { error, type ServerLoadEvent } from '@sveltejs/kit';
import { workPage, type WorkPage } from '../../../../site/fields.ts';

export function load({ params }: ServerLoadEvent<{ id: string }>): WorkPage {
  return workPage(params.id) ?? error(404, 'There is no such work');
}
