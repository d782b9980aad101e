import { expect, test } from 'vitest';
import type { EntityView } from '../../src/client/interpolation.ts';
import type { Client } from '../../src/client/state.ts';
import { PLAYER, WOLF } from '../../src/game/kinds.ts';
import { chooseMember, findMendTarget, type Mender } from '../../src/web/darkages-mend.ts';

interface Seen {
  readonly name: string;
  readonly x: number;
  readonly health: number;
  readonly kind?: number;
  readonly party?: number;
}

/** As much of a client as is looked at: ann at the origin, in party 7. */
function menderOf(seen: readonly Seen[], health = 100): Mender & { hoverSlot: number; isAssisted: boolean } {
  const views = seen.map(({ name, x, health: left, kind = PLAYER, party = 7 }, slot) => {
    return [slot, { slot, kind, name, x, z: 0, columns: { health: left, party } } as unknown as EntityView] as const;
  });
  const client = {
    welcome: { name: 'ann' },
    own: { x: 0, z: 0, columns: { health, party: 7 } },
    interpolation: { views: new Map(views) },
  };
  return { client: client as unknown as Client, hoverSlot: -1, chosenMember: '', isAssisted: true };
}

const BOB = { name: 'bob', x: 5000, health: 100 };
const CAT = { name: 'cat', x: -9000, health: 40 };
const DAN = { name: 'dan', x: 3000, health: 60 };

test('who is chosen is mended, hurt or not, and the own name is oneself', () => {
  const mender = menderOf([BOB, CAT, DAN]);
  chooseMember(mender, 'bob');
  expect(findMendTarget(mender)?.name).toBe('bob');
  chooseMember(mender, 'cat');
  expect(findMendTarget(mender)?.name).toBe('cat');
  chooseMember(mender, 'ann');
  expect(findMendTarget(mender)).toBeUndefined();
  chooseMember(mender, 'ann');
  expect(mender.chosenMember).toBe('');
});

test('who is under the cursor goes before who is chosen, but not from beyond the range', () => {
  const mender = menderOf([BOB, CAT, { ...DAN, x: 16_000 }]);
  chooseMember(mender, 'cat');
  mender.hoverSlot = 0;
  expect(findMendTarget(mender)?.name).toBe('bob');
  mender.hoverSlot = 2;
  expect(findMendTarget(mender)?.name).toBe('cat');
});

test('one that is chosen and too far away is named, so that the server says so; one that is dead or gone is not', () => {
  const mender = menderOf([{ ...BOB, x: 30_000 }, { ...CAT, health: 0 }, DAN]);
  chooseMember(mender, 'bob');
  expect(findMendTarget(mender)?.name).toBe('bob');
  for (const name of ['cat', 'eve']) {
    chooseMember(mender, name);
    expect(findMendTarget(mender)?.name).toBe('dan');
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
  const mender = menderOf(seen, health);
  expect(findMendTarget(mender)?.name).toBe(name);
  mender.isAssisted = false;
  expect(findMendTarget(mender)).toBeUndefined();
});
