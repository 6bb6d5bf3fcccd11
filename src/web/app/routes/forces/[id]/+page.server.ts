// SPDX-License-Identifier: Apache-2.0
import { error, type ServerLoadEvent } from '@sveltejs/kit';
import { forcePage, type ForcePage } from '../../../../site/fields.ts';

export function load({ params }: ServerLoadEvent<{ id: string }>): ForcePage {
  return forcePage(params.id) ?? error(404, 'There is no such force');
}
