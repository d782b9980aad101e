// Names of accounts that nobody has and no server refuses: with all of the alphabet one in three hundred spells something.

/** None that looks like another, and none of them make a word that the guard knows (test/bench/load.test.ts). */
const LETTERS = 'bdhjmpqtvwz';
const LENGTH = 12;

export function drawAccountName(): string {
  let name = 'k6';
  for (let index = 0; index < LENGTH; index++) name += LETTERS[Math.floor(Math.random() * LETTERS.length)];
  return name;
}
