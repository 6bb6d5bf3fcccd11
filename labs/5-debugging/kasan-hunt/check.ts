// SPDX-License-Identifier: Apache-2.0
import { check, expect, type OpenFile } from '#bringup/lab';

export default check(async ({ step, guest, module, draw }) => {
  /** A text of that many bytes, with spaces inside, that nobody can know before. */
  const text = (length: number): string =>
    Array.from({ length }, (_, i) => {
      const inside = i > 0 && i < length - 1;
      return inside && i % 7 === 3 ? ' ' : String.fromCharCode(0x61 + draw(26));
    }).join('');

  /** A requirement, which begins with an empty board without a pin. */
  const requirement = (id: string, work: (board: OpenFile) => Promise<void>): Promise<void> =>
    step(id, async () => {
      const task = await guest.task();
      if (!guest.loaded.includes(module)) await guest.load(module, {}, task);
      const board = await task.open('/dev/board', 'rw');
      try {
        await does(board, 'unpin');
        await does(board, 'clear');
        await work(board);
      } finally {
        await board.in(guest.main).close();
      }
    });

  await requirement('posts-and-drops', async (board) => {
    const [a, b, c] = [text(12), text(1), text(40)];
    for (const words of [a, b]) await does(board, `post ${words}`);
    await does(board, `post ${c}\n`);
    await reads(board, [`- 1 ${a}`, `- 2 ${b}`, `- 3 ${c}`]);
    await does(board, 'drop 2');
    await does(board, `post ${b}`);
    await reads(board, [`- 1 ${a}`, `- 3 ${c}`, `- 4 ${b}`]);
    for (const id of [4, 1, 3]) await does(board, `drop ${id}`);
    await reads(board, []);
  });

  await requirement('keeps-its-limits', async (board) => {
    const longest = text(200);
    await does(board, `post ${longest}`);
    await fails(board, `post ${longest}x`, 'EMSGSIZE');
    await fails(board, `edit 1 ${longest}x`, 'EMSGSIZE');
    await fails(board, 'post ', 'EINVAL');
    await fails(board, 'edit 2 x', 'ENOENT');
    await fails(board, 'drop 2', 'ENOENT');
    await fails(board, 'pin x', 'EINVAL');
    await fails(board, 'burn 1', 'EINVAL');
    const lines = [`- 1 ${longest}`];
    for (let id = 2; id <= 8; id++) {
      const words = text(3 * id);
      await does(board, `post ${words}`);
      lines.push(`- ${id} ${words}`);
    }
    await fails(board, 'post one more', 'ENOSPC');
    await reads(board, lines);
  });

  await requirement('edits-to-any-length', async (board) => {
    // Neighbours of all sizes, so that whatever runs over hits something that is read later.
    const texts = [3, 20, 3, 60, 3].map(text);
    for (const words of texts) await does(board, `post ${words}`);
    const grow = [1, 40 + draw(20), 100, 200, 7];
    for (const [at, length] of grow.entries()) {
      texts[at] = text(length);
      await does(board, `edit ${at + 1} ${texts[at]}`);
    }
    await reads(board, numbered(texts));
    // The same notice again and again: each time longer than it has ever been, then short, then full.
    for (const length of [61, 130, 199, 2, 200]) {
      texts[2] = text(length);
      await does(board, `edit 3 ${texts[2]}`);
    }
    texts[0] = text(200);
    await does(board, `edit 1 ${texts[0]}`);
    await reads(board, numbered(texts));
  });

  await requirement('keeps-the-pin', async (board) => {
    const texts = [8, 8, 8].map(text);
    for (const words of texts) await does(board, `post ${words}`);
    await does(board, 'pin 2');
    await reads(board, [`* 2 ${texts[1]}`, `- 1 ${texts[0]}`, `- 3 ${texts[2]}`]);
    const longer = text(150);
    await does(board, `edit 2 ${longer}`);
    await reads(board, [`* 2 ${longer}`, `- 1 ${texts[0]}`, `- 3 ${texts[2]}`]);
    await does(board, 'drop 1');
    const other = text(90);
    await does(board, `edit 3 ${other}`);
    await reads(board, [`* 2 ${longer}`, `- 3 ${other}`]);
    // Once more through the list itself: the edited notice must be a proper member of it.
    await does(board, 'pin 3');
    await does(board, `edit 2 ${texts[1]}`);
    await reads(board, [`* 3 ${other}`, `- 2 ${texts[1]}`]);
    await does(board, 'unpin');
    await reads(board, [`- 2 ${texts[1]}`, `- 3 ${other}`]);
  });

  await requirement('forgets-a-dropped-pin', async (board) => {
    const [a, b] = [text(30), text(30)];
    await does(board, `post ${a}`);
    await does(board, `post ${b}`);
    await does(board, 'pin 1');
    await does(board, 'drop 1');
    await reads(board, [`- 2 ${b}`]);
    // A notice that is posted now may lie where the dropped one was.
    await does(board, `post ${a}`);
    await reads(board, [`- 2 ${b}`, `- 3 ${a}`]);
    await does(board, 'pin 3');
    await reads(board, [`* 3 ${a}`, `- 2 ${b}`]);
  });

  await requirement('forgets-a-cleared-pin', async (board) => {
    const [a, b, c] = [text(30), text(30), text(30)];
    await does(board, `post ${a}`);
    await does(board, `post ${b}`);
    await does(board, 'pin 2');
    await does(board, 'clear');
    await reads(board, []);
    // Numbers start again: another notice has the number of the one that was pinned.
    await does(board, `post ${a}`);
    await does(board, `post ${c}`);
    await reads(board, [`- 1 ${a}`, `- 2 ${c}`]);
    await does(board, 'pin 1');
  });
});

const shown = (command: string): string =>
  command.length > 24 ? `${command.slice(0, 24)}…` : command.trim();

async function does(board: OpenFile, command: string): Promise<void> {
  await expect(board.write(command), `the command "${shown(command)}"`).toReturn(command.length);
}

async function fails(board: OpenFile, command: string, errno: string): Promise<void> {
  await expect(board.write(command), `the command "${shown(command)}"`).toFail(errno);
}

/** The board shows these lines, and nothing else. */
async function reads(board: OpenFile, lines: string[]): Promise<void> {
  await board.seek(0);
  const found = (await board.read(4096)).toString('latin1').split('\n');
  expect(found, 'the board').toEqual([...lines, '']);
}

function numbered(texts: string[]): string[] {
  return texts.map((words, i) => `- ${i + 1} ${words}`);
}
