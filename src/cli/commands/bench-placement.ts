// SPDX-License-Identifier: Apache-2.0
import { simulate, type Placed } from '../../placement/simulation/simulate.ts';
import { kinds } from '../../placement/simulation/kinds.ts';
import { usual, variations, type World } from '../../placement/simulation/world.ts';
import { readRoadmap, type Roadmap } from '../../roadmap/read.ts';
import { exit } from '../../shared/errors.ts';

/** What the simulation has to reach: shares of engineers, and a number of items. */
const targets = { exact: 0.75, withinOne: 0.95, items: 20 };

/** Engineers of each kind: in the usual world, and in each of the others, which a quick run leaves out. */
const MANY = 600;
const SOME = 60;
/** The figures of model.ts were chosen with engineers of other seeds. */
const SEED = 20_000_000;

interface Row {
  name: string;
  engineers: number;
  /** Shares that were placed at the right stage, and there or one off. */
  exact: number;
  withinOne: number;
  /** Share of the skills credited to them that they have. */
  had: number;
  items: { median: number; most: number };
  /** Median of the minutes that the items say they take. */
  minutes: number;
}

/** bringup bench placement: how well the placement finds the entry stage of made-up engineers. */
export async function benchPlacement(
  options: { json?: boolean; quick?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const { roadmap } = readRoadmap();
  const say = (line: string): void => void (options.json || process.stdout.write(`${line}\n`));

  say(
    `${`made-up engineers, ${MANY} of each kind`.padEnd(36)}  exact  within one    skills   items  most   minutes`,
  );
  const all: Placed[] = [];
  const byKind: Row[] = [];
  for (const kind of kinds) {
    const placed = await run(roadmap, [kind], usual, MANY, signal);
    all.push(...placed);
    byKind.push(rowOf(kind.name, placed));
    say(render(byKind.at(-1)!));
  }
  const total = rowOf('all', all);
  say(render(total));

  say('\nhow sure it was, and how often it was right');
  const sureness = surenessOf(all);
  for (const { from, to, engineers, right } of sureness)
    say(`  ${percent(from)} to ${percent(to)}  ${percent(right)} of ${engineers}`);

  const worlds: Row[] = [];
  if (!options.quick) {
    say(`\nin other worlds, ${SOME} of each kind`);
    for (const { name, world } of variations) {
      worlds.push(rowOf(name, await run(roadmap, kinds, { ...usual, ...world }, SOME, signal)));
      say(render(worlds.at(-1)!));
    }
  }

  const reached =
    total.exact >= targets.exact && total.withinOne >= targets.withinOne && total.items.most <= targets.items;
  if (options.json)
    process.stdout.write(
      `${JSON.stringify({ targets, reached, total, kinds: byKind, sureness, worlds }, null, 2)}\n`,
    );
  say(
    `\ntargets: exact ≥ ${percent(targets.exact)}, within one ≥ ${percent(targets.withinOne)}, at most ${targets.items} items: ${reached ? 'reached' : 'NOT reached'}`,
  );
  return reached ? exit.ok : exit.fail;
}

async function run(
  roadmap: Roadmap,
  of: typeof kinds,
  world: World,
  count: number,
  signal: AbortSignal,
): Promise<Placed[]> {
  const placed: Placed[] = [];
  for (const kind of of)
    for (const one of simulate(roadmap, kind, world, count, SEED)) {
      placed.push(one);
      // Lets a Ctrl-C come through.
      if (placed.length % 20 === 0) await new Promise(setImmediate);
      signal.throwIfAborted();
    }
  return placed;
}

function rowOf(name: string, placed: readonly Placed[]): Row {
  const share = (most: number): number =>
    placed.filter(({ truth, entry }) => Math.abs(truth - entry) <= most).length / placed.length;
  const items = placed.map((one) => one.items);
  return {
    name,
    engineers: placed.length,
    exact: share(0),
    withinOne: share(1),
    had: sum(placed.map(({ had }) => had)) / sum(placed.map(({ credited }) => credited)),
    items: { median: median(items), most: Math.max(...items) },
    minutes: median(placed.map(({ minutes }) => minutes)),
  };
}

function surenessOf(
  placed: readonly Placed[],
): { from: number; to: number; engineers: number; right: number }[] {
  return [0, 0.5, 0.6, 0.7, 0.8, 0.9].flatMap((from, at, all) => {
    const to = all[at + 1] ?? 1;
    const those = placed.filter(({ exact }) => exact >= from && (exact < to || to === 1));
    const right = those.filter(({ truth, entry }) => truth === entry).length / those.length;
    return those.length > 0 ? [{ from, to, engineers: those.length, right }] : [];
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function render({ name, exact, withinOne, had, items, minutes }: Row): string {
  return `${name.padEnd(36)}${percent(exact).padStart(7)}${percent(withinOne).padStart(12)}${percent(had).padStart(10)}${String(items.median).padStart(8)}${String(items.most).padStart(6)}${String(minutes).padStart(10)}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
