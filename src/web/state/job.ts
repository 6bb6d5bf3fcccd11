// SPDX-License-Identifier: Apache-2.0
import { matchJob } from '../../plan/match.ts';
import { oneLine } from '../../plan/text.ts';
import { skillRef, type SkillRef } from '../site/refs.ts';
import { site } from '../site/site.ts';

/** What a job description asks for, to be looked at and changed before a plan is made of it. */
export interface JobFound {
  title: string;
  skills: { skill: SkillRef; phrases: string[] }[];
  outside: { text: string; says: string }[];
  unknown: string[];
}

/** Throws E-INPUT for a text that is too long. */
export function jobFound(text: string): JobFound {
  const { skills, outside, unknown } = matchJob(site().roadmap, text);
  return {
    title: oneLine(text.trim().split('\n')[0] ?? '').slice(0, 80) || 'Job description',
    skills: skills.map(({ skill, phrases }) => ({ skill: skillRef(skill), phrases })),
    outside: outside.map(({ text: phrase, says }) => ({ text: phrase, says })),
    unknown: [...unknown.terms, ...unknown.lines].map((place) => place.text),
  };
}
