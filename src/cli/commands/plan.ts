// SPDX-License-Identifier: Apache-2.0
// bringup plan: a dated path to a target. Needs no server and no kernel.
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { allLabs } from '../../lab/lab.ts';
import { attempts } from '../../lab/history.ts';
import { replan } from '../../plan/compare.ts';
import { creditsFromLabs } from '../../plan/credits.ts';
import { planCalendar } from '../../plan/ics.ts';
import { parseDaysOff, type Done, type PlanRequest, type Target, type Worked } from '../../plan/input.ts';
import { makePlan } from '../../plan/make.ts';
import { planMarkdown } from '../../plan/markdown.ts';
import { largestJob, matchJob, type JobMatch } from '../../plan/match.ts';
import type { PlanLab } from '../../plan/plan.ts';
import { currentId, parseTarget } from '../../plan/target.ts';
import { oneLine } from '../../plan/text.ts';
import { readRoadmap, type Roadmap } from '../../roadmap/read.ts';
import { asBringupError, BringupError, exit, isErrno } from '../../shared/errors.ts';
import { paint } from '../view/style.ts';
import { jobLines, planLines, planNotes } from '../view/plan.ts';
import { targetLines } from '../view/targets.ts';

export interface PlanOptions {
  hours: string;
  start?: string;
  entry?: string;
  off?: string;
  /** Skills and labs, comma-separated; `NAME=HOURS` for hours put into what is not done. */
  done?: string;
  job?: string;
  with?: string;
  without?: string;
  ics?: string;
  markdown?: boolean;
  json?: boolean;
}

/** Prints a plan to the target, or to what a job description asks for; without either, what targets there are. */
export function plan(name: string | undefined, options: PlanOptions): number {
  const { roadmap, problems } = readRoadmap();
  if (problems[0]) throw new BringupError('E-ROADMAP-BROKEN', `${problems[0].file}: ${problems[0].says}`);
  const labs = allLabs();
  const job = options.job === undefined ? undefined : readJob(roadmap, options);
  const request = requestOf(roadmap, labs, options);
  if (name === undefined && !job) {
    print(targetLines(roadmap, labs, { ...request, target: { kind: 'stage', number: 0 } }));
    return exit.ok;
  }
  if (name !== undefined && job) throw new BringupError('E-USAGE', 'name a target or a job, not both');
  const target = job?.target ?? parseTarget(roadmap, name!);
  const credits = creditsFromLabs(
    roadmap,
    labs,
    new Set(request.done.flatMap((one) => ('lab' in one ? one.lab : []))),
  );
  const made = makePlan(roadmap, labs, { ...request, target, credits });
  const id = `plan-${target.kind === 'stage' ? `stage-${target.number}` : target.kind === 'job' ? 'job' : target.id}`;
  const calendar = (): string => planCalendar(made, { id });

  if (options.ics === '-') process.stdout.write(calendar());
  else if (options.ics !== undefined) writeOut(options.ics, calendar());
  if (options.json) process.stdout.write(`${JSON.stringify({ plan: made, job: job?.match }, null, 2)}\n`);
  else if (options.markdown) process.stdout.write(planMarkdown(made));
  else if (options.ics !== '-') {
    // Double the hours, unless that is more than anybody works.
    const hours = made.input.hours * 2;
    const days = 7 - made.input.off.weekdays.length;
    const twice = hours <= days * 8 ? replan(roadmap, labs, made, { hours }).plan : undefined;
    if (job) print(jobLines(job.match, new Set(made.target.skills)));
    print(planLines(made));
    print(['', ...planNotes(made, twice)]);
    if (options.ics === undefined)
      print([paint('dim', '      --ics FILE makes a calendar of it, --markdown a text with all reasons')]);
    else print([`      ${options.ics}: calendar of ${made.steps.length} steps`]);
  }
  return exit.ok;
}

type Request = Omit<PlanRequest, 'target'> & { done: Done[] };

function requestOf(roadmap: Roadmap, labs: readonly PlanLab[], options: PlanOptions): Request {
  const now = new Date();
  const pad = (number: number): string => String(number).padStart(2, '0');
  const today = `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())}`;
  const { done, worked } = parseDone(roadmap, labs, options.done ?? '', today);
  const passes = new Map<string, Done>();
  for (const { lab, at, outcome, provisional } of attempts())
    if (outcome === 'pass' && !provisional && !passes.has(lab)) passes.set(lab, { lab, on: at.slice(0, 10) });
  return {
    hours: Number(options.hours),
    start: options.start ?? today,
    today,
    entry: Number(options.entry ?? 0),
    off: parseDaysOff(options.off ?? ''),
    done: [...passes.values(), ...done],
    worked,
  };
}

/** `rcu,lab:char-echo,vfs=6`: what is done, and hours put into what is not. Throws E-PLAN for unknown names. */
function parseDone(
  roadmap: Roadmap,
  labs: readonly PlanLab[],
  text: string,
  today: string,
): { done: Done[]; worked: Worked[] } {
  const done: Done[] = [];
  const worked: Worked[] = [];
  for (const part of namesIn(text)) {
    const [name = '', hours] = part.split('=');
    const [, kind, id = ''] = /^(?:(skill|lab):)?(.*)$/.exec(name) ?? [];
    const what =
      kind !== 'lab' && isSkill(roadmap, id)
        ? { skill: id }
        : kind !== 'skill' && labs.some((lab) => lab.id === id)
          ? { lab: id }
          : undefined;
    if (!what) throw unknownSkill(roadmap, name);
    if (hours === undefined) done.push({ ...what, on: today });
    else worked.push({ ...what, hours: Number(hours) });
  }
  return { done, worked };
}

function readJob(roadmap: Roadmap, options: PlanOptions): { match: JobMatch; target: Target } {
  const text = readUpTo(options.job!, largestJob + 1);
  const match = matchJob(roadmap, text);
  const [more, less] = [options.with, options.without].map((names) =>
    namesIn(names ?? '').map((name) => {
      if (!isSkill(roadmap, name)) throw unknownSkill(roadmap, name);
      return currentId(roadmap, name);
    }),
  );
  const skills = [...new Set([...match.skills.map(({ skill }) => skill), ...more!])].filter(
    (skill) => !less!.includes(skill),
  );
  if (skills.length === 0)
    throw new BringupError('E-PLAN', 'nothing that the job description asks for is on the roadmap', {
      next: 'Name skills yourself: --with SKILL,…',
    });
  const title = oneLine(text.trim().split('\n')[0] ?? '').slice(0, 80);
  return { match, target: { kind: 'job', title: title || 'Job description', skills } };
}

function namesIn(text: string): string[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function isSkill(roadmap: Roadmap, name: string): boolean {
  const id = currentId(roadmap, name);
  return roadmap.skills.some((skill) => skill.id === id) || roadmap.ledger.retired.includes(name);
}

function unknownSkill(roadmap: Roadmap, name: string): BringupError {
  const word = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const near = roadmap.skills
    .map(({ id }) => id)
    .filter((id) => id.includes(word) || word.split('-').some((part) => part.length > 2 && id.includes(part)))
    .slice(0, 6);
  return new BringupError('E-PLAN', `there is no skill or lab "${oneLine(name)}"`, {
    next:
      near.length > 0 ? `Near to it: ${near.join(', ')}.` : '`bringup plan --json` has the names of skills.',
  });
}

/** The first bytes of a file, or of standard input for '-'. */
function readUpTo(file: string, most: number): string {
  try {
    const from = file === '-' ? 0 : openSync(file, 'r');
    const buffer = Buffer.alloc(most);
    let size = 0;
    for (let got = -1; got !== 0 && size < most; size += got)
      got = readSync(from, buffer, size, most - size, null);
    if (from !== 0) closeSync(from);
    return buffer.toString('utf8', 0, size);
  } catch (error) {
    if (isErrno(error))
      throw new BringupError('E-INPUT', `${file} can not be read (${error.code})`, { cause: error });
    throw error;
  }
}

function writeOut(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    if (!isErrno(error) || error.code === 'ENOSPC') throw asBringupError(error);
    throw new BringupError('E-USAGE', `${file} can not be written (${error.code})`, { cause: error });
  }
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
