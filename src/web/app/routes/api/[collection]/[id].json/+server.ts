// SPDX-License-Identifier: Apache-2.0
import { json, type RequestHandler } from '@sveltejs/kit';
import { collection } from '../../../../../site/api.ts';
import { missing } from '../../../../parts/missing.ts';

export const GET: RequestHandler<{ collection: string; id: string }> = ({ params }) => {
  const entry = collection(params.collection)?.find(({ id }) => id === params.id);
  return entry ? json(entry) : missing(`${params.collection}/${params.id}`);
};
