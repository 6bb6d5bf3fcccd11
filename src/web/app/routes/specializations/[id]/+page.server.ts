// SPDX-License-Identifier: Apache-2.0
import { error, type ServerLoadEvent } from '@sveltejs/kit';
import { specializationPage, type SpecializationPage } from '../../../../site/fields.ts';

export function load({ params }: ServerLoadEvent<{ id: string }>): SpecializationPage {
  return specializationPage(params.id) ?? error(404, 'There is no such specialization');
}
