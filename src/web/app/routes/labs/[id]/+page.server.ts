// SPDX-License-Identifier: Apache-2.0
import { error, redirect, type ServerLoadEvent } from '@sveltejs/kit';
import { isPlanned, labPage, type LabPage } from '../../../../site/labs.ts';

export function load({ params }: ServerLoadEvent<{ id: string }>): LabPage {
  const page = labPage(params.id);
  if (page) return page;
  if (isPlanned(params.id)) redirect(302, `/labs#${params.id}`);
  error(404, 'There is no such lab');
}
