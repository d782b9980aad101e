// A hostile client against the rules of the game that ships, over a real socket: one test a rule, named after it. Each time
// that rule alone is counted, nobody is harmed, nothing is paid, nothing is logged, and the session goes on (stage.ts).

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BOLT, MEND, METEOR, REASONS, SLASH, TRUCE_TICKS } from '../../src/game/abilities.ts';
import { PROJECTILE } from '../../src/game/kinds.ts';
import type { WireObject } from '../../src/wire/codec.ts';
import { ownColumns } from '../../tools/hostile/raw-client.ts';
import { killServers, startServer, until } from './server.ts';
import {
  ask,
  type Changes,
  enterPlayers,
  expectRefused,
  type Player,
  press,
  pressUntil,
  type Stage,
  stand,
} from './stage.ts';

const GAME_FILE = joinPath(import.meta.dirname, 'fixtures', 'stage-game.ts');
const HALF_TURN = 32_768;
const NOBODY = 0x7fff_0001;
const data = mkdtempSync(joinPath(tmpdir(), 'darkages-stage-'));

let stage: Stage;
let hostile: Player;
let victim: Player;
let third: Player;
let others: Player[];

beforeAll(async () => {
  const server = await startServer(data, ['--game', GAME_FILE, '--sessions-per-minute', '100000']);
  stage = { server, players: await enterPlayers(server, 6) };
  [hostile, victim, third, ...others] = stage.players as [Player, Player, Player, ...Player[]];
});

afterAll(async () => {
  await killServers();
  rmSync(data, { recursive: true, force: true });
});

const refused = (rule: string, deed: () => Promise<unknown>, changes?: Changes) =>
  expectRefused(stage, rule, deed, changes);

async function formParty(leader: Player, ...members: readonly Player[]): Promise<void> {
  for (const member of members) {
    expect(await ask(leader, { invite: { name: member.name } })).toBe('');
    expect(await ask(member, { accept: {} })).toBe('');
  }
}

/** Nobody is in a party or invited to one any more, and nobody has to wait before it invites or strikes. */
async function disband(): Promise<void> {
  for (const player of stage.players) await ask(player, { leaveParty: {} });
  for (const player of stage.players) await ask(player, { forgetParties: {} });
}

/** Of the projectile that a player sees; 0 when it sees none. */
function projectileHandle({ client }: Player): number {
  for (const { kind, generation, slot } of client.replicas.bySlot.values()) {
    if (kind === PROJECTILE) return generation * 0x1_0000 + slot;
  }
  return 0;
}

describe('abilities', () => {
  /** The hostile one looks at its victim, in reach of its sword; the others are far away. */
  beforeEach(async () => {
    const away = [third, ...others].map((player, index) => stand(player, { xMm: -100_000, zMm: index * 4000 }));
    await Promise.all([stand(hostile, {}), stand(victim, { xMm: 1500 }), ...away]);
  });

  test('dead: a dead man who strikes hits nobody', async () => {
    await stand(hostile, { health: 0 });
    const strike = () => press(hostile, { ability: SLASH, target: victim.handle });
    expect(await refused('dead', strike)).toBe(1);
  });

  test('deadMoving: a dead man who walks and jumps stays where he fell', async () => {
    await stand(hostile, { health: 0 });
    const walk = async (): Promise<void> => {
      hostile.wish = { aim: 0, moveX: 127, moveZ: -90, buttons: 3 };
    };
    expect(await refused('deadMoving', walk)).toBeGreaterThan(10);
  });

  test('casting: a second ability during a cast is not begun', async () => {
    // All of it in the deed: what is looked at before one would outlast the cast on a slow machine.
    const strike = async (): Promise<void> => {
      await pressUntil(hostile, { ability: MEND }, () => ownColumns(hostile.client).castAbility === MEND);
      await press(hostile, { ability: SLASH, target: victim.handle });
    };
    const mended = new Map([[hostile, ['castAbility', 'actedTick', 'readyTick4', 'mana']]]);
    expect(await refused('casting', strike, mended)).toBe(1);
  });

  test('cooldown: an ability that was just used is not begun again', async () => {
    const { actedTick } = ownColumns(hostile.client);
    await pressUntil(hostile, { ability: MEND }, () => ownColumns(hostile.client).actedTick !== actedTick);
    expect(await refused('cooldown', () => press(hostile, { ability: MEND }))).toBe(1);
  });

  test('mana: what can not be paid is not begun', async () => {
    await stand(hostile, { mana: 0 });
    expect(await refused('mana', () => press(hostile, { ability: METEOR, reach: 150 }))).toBe(1);
  });

  test('unknownTarget: handles of nothing, of another life, of who had the slot before', async () => {
    await stand(hostile, { facing: HALF_TURN });
    await pressUntil(hostile, { ability: BOLT }, () => projectileHandle(hostile) !== 0);
    const old = projectileHandle(hostile);
    await pressUntil(hostile, { ability: BOLT }, () => ![0, old].includes(projectileHandle(hostile)));
    expect(projectileHandle(hostile) & 0xffff).toBe(old & 0xffff);
    const strike = async (): Promise<void> => {
      for (const target of [old, NOBODY, victim.handle + 0x1_0000]) await press(hostile, { ability: SLASH, target });
    };
    expect(await refused('unknownTarget', strike)).toBe(3);
  });

  test('unknownTarget: who scans handles is told the same of the hidden as of nobody', async () => {
    const far = others[0]!;
    await Promise.all([
      stand(victim, { xMm: 30_000 }),
      stand(third, { zMm: 40_000 }),
      stand(far, { xMm: -52_000, health: 0 }),
    ]);
    const scan = async (): Promise<void> => {
      for (const ability of [SLASH, BOLT, MEND]) {
        for (const { handle } of [victim, far]) {
          for (const target of [handle, handle + 0x1_0000, NOBODY]) {
            expect(await press(hostile, { ability, target })).toBe(REASONS.unknownTarget);
          }
        }
      }
    };
    expect(await refused('unknownTarget', scan)).toBe(18);
    // Whom it does see is told apart, so the scan would have found them.
    expect(await press(hostile, { ability: SLASH, target: third.handle })).toBe(REASONS.range);
  });

  test('badTarget: the dead, and oneself', async () => {
    await stand(victim, { xMm: 1500, health: 0 });
    const strike = async (): Promise<void> => {
      for (const { handle } of [victim, hostile]) await press(hostile, { ability: SLASH, target: handle });
    };
    expect(await refused('badTarget', strike)).toBe(2);
  });

  test('party: striking a member, mending who is none', async () => {
    await stand(third, { zMm: 5000 });
    await formParty(hostile, victim);
    const { replicas } = hostile.client;
    const formed = replicas.tick;
    await until('members are safe from each other', () => replicas.tick > formed + TRUCE_TICKS);
    const betray = async (): Promise<void> => {
      await press(hostile, { ability: SLASH, target: victim.handle });
      await press(hostile, { ability: MEND, target: third.handle });
    };
    expect(await refused('party', betray)).toBe(2);
    await disband();
  });

  test('range: a bolt and a meteor further than they reach', async () => {
    await stand(victim, { zMm: 40_000 });
    const reach = async (): Promise<void> => {
      await press(hostile, { ability: BOLT, target: victim.handle });
      await press(hostile, { ability: METEOR, reach: 2600 });
    };
    expect(await refused('range', reach)).toBe(2);
  });

  test('sight: a meteor behind a wall', async () => {
    await stand(hostile, { xMm: 15_000 });
    expect(await refused('sight', () => press(hostile, { ability: METEOR, reach: 1000 }))).toBe(1);
  });

  test('facing: a blow at who stands behind', async () => {
    await stand(victim, { xMm: -1500 });
    const strike = () => press(hostile, { ability: SLASH, target: victim.handle });
    expect(await refused('facing', strike)).toBe(1);
  });

  test('moved: who walks on while it casts gets nothing of it', async () => {
    const walk = async (): Promise<void> => {
      await pressUntil(
        hostile,
        { ability: METEOR, reach: 150 },
        () => ownColumns(hostile.client).castAbility === METEOR,
      );
      await press(hostile, { moveZ: 127 });
    };
    expect(await refused('moved', walk, new Map([[hostile, ['positionZ', 'readyTick3']]]))).toBe(1);
  });

  test('hit: a hard hit breaks a cast off, whatever its caster goes on to send', async () => {
    await Promise.all([stand(hostile, { health: 50 }), stand(victim, { xMm: 5000, facing: HALF_TURN })]);
    const mend = () =>
      Promise.all([press(hostile, { ability: MEND }), pressUntil(victim, { ability: BOLT }, isStruck)]);
    const isStruck = () => ownColumns(hostile.client).health! < 50;
    const changes = new Map([
      [hostile, ['health', 'readyTick4', 'castAbility']],
      [victim, ['mana', 'actedTick', 'readyTick2', 'castAbility']],
    ]);
    expect(await refused('hit', mend, changes)).toBe(1);
    expect(ownColumns(hostile.client).health).toBeLessThan(40);
  });

  test('crowded: a bolt and a meteor in a full zone cost nothing', async () => {
    expect(await ask(third, { fill: { isFull: 1 } })).toBe('');
    const shoot = async (): Promise<void> => {
      await press(hostile, { ability: BOLT });
      await press(hostile, { ability: METEOR, reach: 1000 });
    };
    expect(await refused('crowded', shoot, new Map([[hostile, ['readyTick2', 'readyTick3']]]))).toBe(2);
    expect(await ask(third, { fill: {} })).toBe('');
  });
});

describe('requests', () => {
  afterEach(disband);

  /** Asked by the hostile one; the rule names the request and the code of its answer. */
  async function refusedRequest(rule: string, values: WireObject = {}): Promise<void> {
    const [request, code] = rule.split('.') as [string, string];
    const deed = async (): Promise<void> => expect(await ask(hostile, { [request]: values })).toBe(code);
    expect(await refused(rule, deed)).toBe(1);
  }

  test('respawn.not_dead: the living do not come back', () => refusedRequest('respawn.not_dead'));

  test('respawn.too_soon: the dead lie for five seconds', async () => {
    await stand(hostile, { health: 0 });
    await refusedRequest('respawn.too_soon');
    await stand(hostile, {});
  });

  test('scores.too_soon: the scoreboard is not made twice within half a second', async () => {
    const both = () => Promise.all([ask(hostile, { scores: {} }), ask(hostile, { scores: {} })]);
    expect(await refused('scores.too_soon', both)).toBe(1);
  });

  test('whisper.no_such_player: to who is not there', () =>
    refusedRequest('whisper.no_such_player', { to: 'not-here', text: 'anybody?' }));

  test('whisper.yourself: to oneself', () =>
    refusedRequest('whisper.yourself', { to: hostile.name, text: 'is it me?' }));

  test('partySay.no_party: to a party of one', () => refusedRequest('partySay.no_party', { text: 'hello party' }));

  test('invite.no_such_player: who is not there', () => refusedRequest('invite.no_such_player', { name: 'not-here' }));

  test('invite.yourself: oneself', () => refusedRequest('invite.yourself', { name: hostile.name }));

  test('invite.in_party: who is in another party', async () => {
    await formParty(victim, third);
    await refusedRequest('invite.in_party', { name: third.name });
  });

  test('invite.not_leader: into a party that another one leads', async () => {
    await formParty(victim, hostile);
    await refusedRequest('invite.not_leader', { name: third.name });
  });

  test('invite.party_full: a sixth', async () => {
    const [first, second, last] = others as [Player, Player, Player];
    await formParty(hostile, victim, third, first, second);
    await refusedRequest('invite.party_full', { name: last.name });
  });

  test('invite.already_invited: again and again', async () => {
    expect(await ask(hostile, { invite: { name: victim.name } })).toBe('');
    await refusedRequest('invite.already_invited', { name: victim.name });
  });

  test('invite.declined: the same one after a no', async () => {
    const [first] = others as [Player];
    expect(await ask(hostile, { invite: { name: first.name } })).toBe('');
    expect(await ask(first, { decline: {} })).toBe('');
    await refusedRequest('invite.declined', { name: first.name });
    expect(await ask(third, { invite: { name: first.name } })).toBe('');
  });

  test('invite.too_soon: one after the other', async () => {
    for (const { name } of [victim, third, ...others]) expect(await ask(hostile, { invite: { name } })).toBe('');
    expect(await ask(others[0]!, { decline: {} })).toBe('');
    await ask(others[0]!, { forgetParties: {} });
    await refusedRequest('invite.too_soon', { name: others[0]!.name });
  });

  test('accept.no_invitation: of who has joined another leader since', async () => {
    expect(await ask(third, { invite: { name: hostile.name } })).toBe('');
    await formParty(victim, third);
    await refusedRequest('accept.no_invitation');
  });

  test('accept.no_invitation: what nobody offered', () => refusedRequest('accept.no_invitation'));

  test('accept.in_party: a second party', async () => {
    expect(await ask(victim, { invite: { name: hostile.name } })).toBe('');
    await formParty(hostile, third);
    await refusedRequest('accept.in_party');
  });

  test('accept.party_full: a place that somebody else took', async () => {
    const [first, second, last] = others as [Player, Player, Player];
    await formParty(victim, third, first, second);
    for (const { name } of [hostile, last]) expect(await ask(victim, { invite: { name } })).toBe('');
    expect(await ask(last, { accept: {} })).toBe('');
    await refusedRequest('accept.party_full');
  });

  test('decline.no_invitation: what nobody offered', () => refusedRequest('decline.no_invitation'));

  test('leaveParty.no_party: none', () => refusedRequest('leaveParty.no_party'));

  test('kick.no_party: out of none', () => refusedRequest('kick.no_party', { name: victim.name }));

  test('kick.not_leader: without having the lead', async () => {
    await formParty(victim, third, hostile);
    await refusedRequest('kick.not_leader', { name: victim.name });
  });

  test('kick.yourself: oneself', async () => {
    await formParty(hostile, victim);
    await refusedRequest('kick.yourself', { name: hostile.name });
  });

  test('kick.no_such_member: who is in another party', async () => {
    await formParty(hostile, victim);
    await formParty(third, others[0]!);
    await refusedRequest('kick.no_such_member', { name: third.name });
  });

  test('promote.no_party: in none', () => refusedRequest('promote.no_party', { name: victim.name }));

  test('promote.not_leader: oneself, by who has not the lead', async () => {
    await formParty(victim, third, hostile);
    await refusedRequest('promote.not_leader', { name: hostile.name });
  });

  test('promote.yourself: to what one is', async () => {
    await formParty(hostile, victim);
    await refusedRequest('promote.yourself', { name: hostile.name });
  });

  test('promote.no_such_member: who is in another party', async () => {
    await formParty(hostile, victim);
    await formParty(third, others[0]!);
    await refusedRequest('promote.no_such_member', { name: third.name });
  });
});
