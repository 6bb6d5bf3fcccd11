// SPDX-License-Identifier: Apache-2.0
import { cycleIn } from './graph.ts';
import type { Problem, Roadmap } from './read.ts';
import type { PlacementItem } from './schema.ts';
import { longestPhrase, phraseKey } from './words.ts';

/** What does not hold of the roadmap as a whole: lost ids, names of what is not there, cycles. */
export function checkRoadmap(roadmap: Roadmap, labs: readonly string[]): Problem[] {
  return [
    ...doubles(roadmap),
    ...lost(roadmap),
    ...dangling(roadmap, labs),
    ...order(roadmap),
    ...roadmap.items.flatMap(itemProblems),
    ...unsourced(roadmap),
    ...phrases(roadmap),
  ];
}

function doubles(roadmap: Roadmap): Problem[] {
  const kinds = [
    'skills',
    'items',
    'forces',
    'domains',
    'specializations',
    'sources',
    'library',
    'planned',
  ] as const;
  return kinds.flatMap((kind) => {
    const ids = roadmap[kind].map(({ id }) => id);
    return ids
      .filter((id, at) => ids.indexOf(id) !== at)
      .map((id) => ({ file: `roadmap, ${kind}`, says: `the id ${id} is there twice` }));
  });
}

/** Ids that progress may hang on and that are gone, and ids that are not written down yet. */
function lost({ ledger, skills, items }: Roadmap): Problem[] {
  const problems: Problem[] = [];
  const say = (says: string): void => void problems.push({ file: 'roadmap/ids.yaml', says });
  const groups = [
    ['skill', ledger.skills, new Set(skills.map(({ id }) => id))],
    ['item', ledger.items, new Set(items.map(({ id }) => id))],
  ] as const;
  for (const [kind, published, present] of groups) {
    for (const id of published) {
      if (present.has(id) || ledger.retired.includes(id) || id in ledger.renamed) continue;
      say(`the ${kind} ${id} is gone: bring it back, or name it under renamed or retired`);
    }
    for (const id of present)
      if (!published.includes(id)) say(`the ${kind} ${id} is new: \`bringup roadmap check --write\` adds it`);
  }
  const all = new Set([...groups[0][2], ...groups[1][2]]);
  for (const [old, now] of Object.entries(ledger.renamed))
    if (!all.has(now) && !(now in ledger.renamed)) say(`${old} was renamed to ${now}, which is not there`);
  return problems;
}

function dangling(roadmap: Roadmap, labs: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  const known = {
    skill: new Set(roadmap.skills.map(({ id }) => id)),
    source: new Set(roadmap.sources.map(({ id }) => id)),
    work: new Set(roadmap.library.map(({ id }) => id)),
    specialization: new Set(roadmap.specializations.map(({ id }) => id)),
    lab: new Set([...labs, ...roadmap.planned.map(({ id }) => id)]),
  };
  const need = (where: string, kind: keyof typeof known, ids: readonly string[]): void => {
    for (const id of ids)
      if (!known[kind].has(id)) problems.push({ file: where, says: `there is no ${kind} ${id}` });
  };
  for (const skill of roadmap.skills) {
    need(`skill ${skill.id}`, 'skill', skill.needs);
    need(
      `skill ${skill.id}`,
      'lab',
      skill.proofs.flatMap((proof) => ('lab' in proof ? [proof.lab] : [])),
    );
    need(
      `skill ${skill.id}`,
      'work',
      skill.links.flatMap((link) => ('work' in link ? [link.work] : [])),
    );
  }
  for (const item of roadmap.items) need(`item ${item.id}`, 'skill', [item.skill]);
  for (const { skills } of roadmap.aliases.covered) need('roadmap/aliases.yaml', 'skill', skills);
  for (const force of roadmap.forces) {
    need(`force ${force.id}`, 'skill', force.skills);
    need(
      `force ${force.id}`,
      'source',
      force.evidence.flatMap(({ sources }) => sources),
    );
  }
  for (const domain of roadmap.domains) {
    need(`domain ${domain.id}`, 'skill', domain.skills);
    need(`domain ${domain.id}`, 'lab', domain.labs);
    need(`domain ${domain.id}`, 'specialization', domain.specializations);
  }
  for (const one of roadmap.specializations) {
    need(`specialization ${one.id}`, 'skill', one.skills);
    need(`specialization ${one.id}`, 'lab', one.labs);
    need(
      `specialization ${one.id}`,
      'source',
      one.pays.flatMap(({ sources }) => sources),
    );
  }
  if (roadmap.role) {
    need(
      'role',
      'skill',
      roadmap.role.duties.flatMap(({ skills }) => skills),
    );
    need(
      'role',
      'source',
      roadmap.role.pay.map(({ source }) => source),
    );
    need(
      'role',
      'source',
      roadmap.role.reasons.flatMap(({ claims }) => claims.flatMap(({ sources }) => sources)),
    );
  }
  for (const { id } of roadmap.planned)
    if (labs.includes(id))
      problems.push({ file: 'roadmap/planned-labs.yaml', says: `${id} is there: it is planned no more` });
  return problems;
}

/** Prerequisites: no cycles, and nothing that belongs to a later stage. */
function order({ skills }: Roadmap): Problem[] {
  const problems: Problem[] = [];
  const stageOf = new Map(skills.map(({ id, stage }) => [id, stage]));
  for (const { id, needs, stage } of skills)
    for (const need of needs)
      if ((stageOf.get(need) ?? 0) > stage)
        problems.push({ file: `skill ${id}`, says: `needs ${need}, which belongs to a later stage` });
  const cycle = cycleIn(new Map(skills.map(({ id, needs }) => [id, needs])));
  if (cycle)
    problems.push({ file: 'roadmap/stages', says: `these skills need each other: ${cycle.join(' → ')}` });
  return problems;
}

function itemProblems(item: PlacementItem): Problem[] {
  const say = (says: string): Problem[] => [{ file: `item ${item.id}`, says }];
  const lines = item.shown?.text.replace(/\n$/, '').split('\n') ?? [];
  if (item.kind === 'choose' && item.right >= item.answers.length)
    return say('its right answer is not there');
  if (item.kind === 'line') {
    const numbers = [item.right, ...item.near.map(({ line }) => line)];
    if (numbers.some((line) => line > lines.length)) return say('it names a line that is not there');
    if (item.near.some(({ line }) => line === item.right))
      return say('its right line is among those that are not it');
    if (lines[item.right - 1]!.trim() === '') return say('its right line is empty');
  }
  if (item.kind === 'order' && new Set(item.steps).size !== item.steps.length)
    return say('two of its steps are alike');
  return [];
}

/** Prose of the career's pages that has a figure in it and is no claim. Versions and stages are no figures. */
function unsourced(roadmap: Roadmap): Problem[] {
  const figure =
    /(?<![\w.-])[~$€₹]?\d[\d.,]*\s*(%|k\b|K\b|\+|million|billion|percent|years?|times)|[$€₹]\s*\d/;
  const prose: [string, string][] = [
    ...(roadmap.role
      ? ([
          ['role', roadmap.role.says],
          ...roadmap.role.duties.map(({ says }) => ['role, duties', says]),
          ...roadmap.role.employers.map(({ says }) => ['role, employers', says]),
          ...roadmap.role.reasons.map(({ says }) => ['role, reasons', says]),
        ] as [string, string][])
      : []),
    ...roadmap.forces.flatMap(({ id, says, bet }) =>
      [says, bet].map((text): [string, string] => [`force ${id}`, text]),
    ),
    ...roadmap.domains.map(({ id, says }): [string, string] => [`domain ${id}`, says]),
    ...roadmap.specializations.flatMap(({ id, says, entry, risks }) =>
      [says, entry, risks].map((text): [string, string] => [`specialization ${id}`, text]),
    ),
  ];
  return prose.flatMap(([file, text]) => {
    const found = figure.exec(text)?.[0];
    return found
      ? [{ file, says: `"${found.trim()}" is a figure in prose: make it a claim with its source` }]
      : [];
  });
}

/** Phrases of job descriptions: each is there once, and can be found. */
function phrases({ aliases }: Roadmap): Problem[] {
  const seen = new Set<string>();
  const say = (says: string): Problem[] => [{ file: 'roadmap/aliases.yaml', says }];
  const look = (phrase: string): Problem[] => {
    const key = phraseKey(phrase);
    const name = key.join(' ');
    if (key.length === 0 || key.length > longestPhrase)
      return say(`"${phrase}" has no word, or more than ${longestPhrase}`);
    if (seen.has(name)) return say(`"${phrase}" is there twice`);
    seen.add(name);
    return [];
  };
  return [...aliases.covered, ...aliases.outside].flatMap((entry) => [
    ...(entry.phrases.length + entry.exact.length === 0 ? say('an entry has no phrase') : []),
    ...[...entry.phrases, ...entry.exact].flatMap(look),
  ]);
}
