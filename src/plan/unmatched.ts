// SPDX-License-Identifier: Apache-2.0
import { plain, type Word } from '../roadmap/words.ts';
import { oneLine } from './text.ts';
import type { Place } from './match.ts';

const most = 40;
const longestShown = 160;

/** Capital letters in job descriptions that name no technology: places, degrees, firms, benefits. */
const ordinary = new Set(
  `us usa uk eu uae emea apac latam ceo cto cfo hr eeo eoe llc llp gmbh inc ltd plc bs ba be bsc ms msc ma mba
  mtech btech phd gpa ee ece cs cse cv pto usd eur gbp inr cad aud faq id tx ca ny wa nj nc co il az or va md
  ga pa fl wfh jd nda ote kpi kpis okr okrs poc rnd tbd asap aka etc am pm est pst cet gmt utc covid dei esg it
  hq vp svp fte`.split(/\s+/),
);

/** Words by which a line of a job description asks for something. */
const asking = new Set(
  `experience experienced knowledge familiar familiarity proficient proficiency understanding expertise expert
  skills skilled ability background fluent fluency hands competence competency exposure must required requires
  requirement preferred mastery`.split(/\s+/),
);

/**
 * What looks like a requirement and has no phrase: names of technology (abbreviations, and words with
 * digits, underscores or inner capitals), each once; and lines or sentences that ask for something and
 * hold no phrase at all. At most 40 of each. `covered` are the numbers of the words in phrases.
 */
export function unmatched(
  text: string,
  all: readonly Word[],
  covered: ReadonlySet<number>,
): { terms: Place[]; lines: Place[] } {
  const terms = new Map<string, Place>();
  const lines: Place[] = [];
  let next = 0;
  for (const { from, to } of linesOf(text)) {
    const first = next;
    while (next < all.length && all[next]!.from < to) next += 1;
    const here = all.slice(first, next);
    const free = here.filter((_, at) => !covered.has(first + at));
    if (!isHeading(here))
      for (const word of free)
        if (looksLikeName(plain(word.text)) && !terms.has(word.text.toLowerCase()))
          terms.set(word.text.toLowerCase(), { text: word.text, from: word.from, to: word.to });
    const asks = here.length >= 3 && here.some((word) => asking.has(word.text.toLowerCase()));
    if (asks && free.length === here.length) lines.push({ text: shown(text.slice(from, to)), from, to });
  }
  return { terms: [...terms.values()].slice(0, most), lines: lines.slice(0, most) };
}

function looksLikeName(word: string): boolean {
  if (word.length < 2 || word.length > 24 || ordinary.has(word.toLowerCase())) return false;
  if (!/\p{L}/u.test(word) || /^\d+\p{L}{1,3}$/u.test(word)) return false; // 2026, 401k, 3rd
  const capitals = word.match(/\p{Lu}/gu)?.length ?? 0;
  if (capitals >= 2) return !(capitals === word.length && word.length > 7); // REQUIREMENTS
  return /[_+#]/.test(word) || /^\p{L}+\d/u.test(word);
}

/** True for a line of capitals, such as KEY SKILLS: its words name nothing. */
function isHeading(line: readonly Word[]): boolean {
  return (
    line.length >= 2 &&
    line.every(({ text }) => !/\p{Ll}/u.test(text)) &&
    line.some(({ text }) => /^\p{Lu}{5,}$/u.test(text))
  );
}

function shown(line: string): string {
  const text = oneLine(line).replace(/^[-*•·–]\s*/, '');
  return text.length > longestShown ? `${text.slice(0, longestShown - 1)}…` : text;
}

/** Lines, and in them sentences. */
function linesOf(text: string): { from: number; to: number }[] {
  const lines: { from: number; to: number }[] = [];
  let from = 0;
  for (const { index } of text.matchAll(/\n|[.!?;](?=\s)/g)) {
    lines.push({ from, to: index });
    from = index + 1;
  }
  lines.push({ from, to: text.length });
  return lines;
}
