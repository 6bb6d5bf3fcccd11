// SPDX-License-Identifier: Apache-2.0
import type { ServerLoadEvent } from '@sveltejs/kit';
import { homePage, type HomePage } from '../../site/home.ts';
import { engine, type Engine } from '../../state/engine.ts';
import { marksOf, ownPart, ownSkills, type Own, type OwnPart } from '../../state/own.ts';

export type Home = HomePage & { engine: Engine; part: OwnPart<Own> };

export async function load({ url }: ServerLoadEvent): Promise<Home> {
  const part = await ownPart(ownSkills);
  const { own } = part;
  const page = homePage(url.searchParams, own && ((skill) => marksOf(own, skill)));
  return { ...page, engine: engine(), part };
}
