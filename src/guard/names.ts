// Which names a new account can not have, though they have the shape of one. Any thread; pure. Profanity and addresses
// are text.ts's, names that look like another player's the store's (base/names.ts).

import { nameShape } from '../base/names.ts';
import { NAMES, type NameLists } from './words.ts';

const LETTER = /[A-Za-z]/;
/** Three runs of l, I and 1: nobody can tell others which name that is. */
const MUDDLE = /([lI1])\1*(?!\1)([lI1])\2*(?!\2)[lI1]/;
const NUMBERS_BEFORE = /^[\d_.-]+/;
const NUMBERS_BEHIND = /[\d_.-]+$/;
const PARTING = /[_.-]+/;

export interface ReservedNames {
  readonly whole: ReadonlySet<string>;
  readonly parts: ReadonlySet<string>;
}

export function createReservedNames(names: NameLists = NAMES): ReservedNames {
  return { whole: new Set(names.whole.map(nameShape)), parts: new Set(names.parts.map(nameShape)) };
}

/** Without a letter, told from no other one, or one that passes for the house: numbered and spelt otherwise as well. */
export function isNameReserved(reserved: ReservedNames, name: string): boolean {
  if (!LETTER.test(name) || MUDDLE.test(name)) return true;
  if (shapesOf(name).some((shape) => reserved.whole.has(shape) || reserved.parts.has(shape))) return true;
  return name.split(PARTING).some((part) => shapesOf(part).some((shape) => reserved.parts.has(shape)));
}

/** With and without the numbers around it, for a 0 or 1 there may stand for a letter. */
function shapesOf(name: string): string[] {
  const behind = name.replace(NUMBERS_BEFORE, '');
  return [name, behind, name.replace(NUMBERS_BEHIND, ''), behind.replace(NUMBERS_BEHIND, '')].map(nameShape);
}
