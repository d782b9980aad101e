import { expect, test } from 'vitest';
import type { EntityView } from '../../src/client/interpolation.ts';
import { PLAYER, WOLF } from '../../src/game/kinds.ts';
import type { Fight } from '../../src/web/darkages-fight.ts';
import { chooseMember, findMendTarget } from '../../src/web/darkages-mend.ts';

interface Seen {
  readonly name: string;
  readonly x: number;
  readonly health: number;
  readonly kind?: number;
  readonly party?: number;
}

/** As much of a fight as is looked at: ann at the origin, in party 7. */
function fightOf(seen: readonly Seen[], health = 100): Fight {
  const views = seen.map(({ name, x, health: left, kind = PLAYER, party = 7 }, slot) => {
    return [slot, { slot, kind, name, x, z: 0, columns: { health: left, party } } as unknown as EntityView] as const;
  });
  const client = {
    welcome: { name: 'ann' },
    own: { x: 0, z: 0, columns: { health, party: 7 } },
    interpolation: { views: new Map(views) },
  };
  return { client, hoverSlot: -1, chosenMember: '', isAssisted: true } as unknown as Fight;
}

const BOB = { name: 'bob', x: 5000, health: 100 };
const CAT = { name: 'cat', x: -9000, health: 40 };
const DAN = { name: 'dan', x: 3000, health: 60 };

test('who is chosen is mended, hurt or not, and the own name is oneself', () => {
  const fight = fightOf([BOB, CAT, DAN]);
  chooseMember(fight, 'bob');
  expect(findMendTarget(fight)?.name).toBe('bob');
  chooseMember(fight, 'cat');
  expect(findMendTarget(fight)?.name).toBe('cat');
  chooseMember(fight, 'ann');
  expect(findMendTarget(fight)).toBeUndefined();
  chooseMember(fight, 'ann');
  expect(fight.chosenMember).toBe('');
});

test('who is under the cursor goes before who is chosen, but not from beyond the range', () => {
  const fight = fightOf([BOB, CAT, { ...DAN, x: 16_000 }]);
  chooseMember(fight, 'cat');
  fight.hoverSlot = 0;
  expect(findMendTarget(fight)?.name).toBe('bob');
  fight.hoverSlot = 2;
  expect(findMendTarget(fight)?.name).toBe('cat');
});

test('one that is chosen and too far away is named, so that the server says so; one that is dead or gone is not', () => {
  const fight = fightOf([{ ...BOB, x: 30_000 }, { ...CAT, health: 0 }, DAN]);
  chooseMember(fight, 'bob');
  expect(findMendTarget(fight)?.name).toBe('bob');
  for (const name of ['cat', 'eve']) {
    chooseMember(fight, name);
    expect(findMendTarget(fight)?.name).toBe('dan');
  }
});

test.each<[string, readonly Seen[], number, string | undefined]>([
  ['the nearest that is hurt', [BOB, CAT, DAN], 100, 'dan'],
  ['nobody whole', [BOB], 100, undefined],
  ['nobody out of range', [{ ...CAT, x: 15_000 }], 100, undefined],
  ['nobody of another party', [{ ...CAT, party: 8 }], 100, undefined],
  ['no creature', [{ ...CAT, kind: WOLF }], 100, undefined],
  ['nobody dead', [{ ...CAT, health: 0 }], 100, undefined],
  ['oneself before who is hurt less', [DAN], 59, undefined],
  ['a member that is hurt as much', [DAN], 60, 'dan'],
])('fingers that chose nobody mend %s', (_, seen, health, name) => {
  const fight = fightOf(seen, health);
  expect(findMendTarget(fight)?.name).toBe(name);
  fight.isAssisted = false;
  expect(findMendTarget(fight)).toBeUndefined();
});
