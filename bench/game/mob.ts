// Players who mill about one place, so that a page whose player stands there has them all in view: they walk, sprint,
// jump, cast, and throw at each other what nobody dies of before it mends. Real clients (src/client) over real sockets,
// in the process that makes them. Other than the swarm's bots (tools/swarm) they stay together; seeded.

import { createRandom, type Random } from '../../src/base/random.ts';
import { createClient, startClient, stopClient, updateClient } from '../../src/client/client.ts';
import { createGuestSecret, createSessionRequest } from '../../src/client/session.ts';
import { type Client, PLAYING } from '../../src/client/state.ts';
import { BOLT, MEND, METEOR } from '../../src/game/abilities.ts';
import { game } from '../../src/game/game.ts';
import { BUTTON_JUMP, BUTTON_SPRINT } from '../../src/game/movement.ts';
import { systemClock } from '../../src/io/system.ts';
import { openSocket, postJson } from '../../tools/swarm/swarm.ts';

/** Half the sides of the field they keep to: within what a screen of 16 to 9 shows. */
const HALF_X_MM = 14_000;
const HALF_Z_MM = 7_500;
const TURN_MS = 1000 / 60;
const MOVE_MAX = 127;
const DECISION_MS_MIN = 600;
const DECISION_MS_MAX = 2_600;
/** Of the decisions. What they do to each other is less than what mends and time give back. */
const SHARES = { stand: 0.2, sprint: 0.2, jump: 0.1, bolt: 0.12, meteor: 0.02 };
/** Who has less health than this mends. */
const HURT = 70;
const METEOR_REACH_CM = 900;

interface Place {
  readonly x: number;
  readonly z: number;
}

interface Member {
  readonly client: Client;
  readonly random: Random;
  goalX: number;
  goalZ: number;
  decideMs: number;
}

export interface Mob {
  /** How many of them play. */
  playing(): number;
  stop(): void;
}

/** @param around the place, mm; asked again and again */
export function startMob(url: string, count: number, seed: number, around: () => Place): Mob {
  const map = shareMap();
  const members = Array.from({ length: count }, (_, number) => createMember(url, (seed << 10) + number, map));
  const timer = setInterval(() => {
    const now = systemClock.now();
    for (const member of members) updateMember(member, around(), now);
  }, TURN_MS);
  return {
    playing: () => members.filter(({ client }) => client.state === PLAYING).length,
    stop() {
      clearInterval(timer);
      for (const { client } of members) stopClient(client);
    },
  };
}

/** One map for all of them: it takes long to make, and depends on the seed alone. */
function shareMap(): typeof game.createMap {
  const maps = new Map<number, ReturnType<typeof game.createMap>>();
  return (seed) => {
    const map = maps.get(seed) ?? game.createMap(seed);
    maps.set(seed, map);
    return map;
  };
}

function createMember(url: string, seed: number, createMap: typeof game.createMap): Member {
  const random = createRandom(seed);
  const client = createClient({
    game: { ...game, createMap },
    requestSession: createSessionRequest({ post: postJson, baseUrl: url, secret: createGuestSecret() }),
    openSocket,
    clock: systemClock,
    random: () => random.fraction(),
    interpolate: false,
  });
  startClient(client, systemClock.now());
  return { client, random, goalX: 0, goalZ: 0, decideMs: 0 };
}

function updateMember(member: Member, around: Place, now: number): void {
  const { client } = member;
  const { own, intent } = client;
  if (now >= member.decideMs) decide(member, now);
  const x = around.x + member.goalX - own.x;
  const z = around.z + member.goalZ - own.z;
  const distance = Math.hypot(x, z);
  // Who casts stands still, or it would be broken off.
  const goes = distance > 300 && (own.columns.castAbility ?? 0) === 0 && intent.inputs.ability !== MEND;
  intent.moveX = goes ? (x / distance) * MOVE_MAX : 0;
  intent.moveZ = goes ? (z / distance) * MOVE_MAX : 0;
  // Away from the middle: the page's own player is to live.
  const outward = Math.atan2(own.z - around.z, own.x - around.x);
  intent.aim = Math.round((outward / (2 * Math.PI)) * 0x1_0000) & 0xffff;
  updateClient(client, now);
}

function decide(member: Member, now: number): void {
  const { random, client } = member;
  const { intent, own } = client;
  member.decideMs = now + DECISION_MS_MIN + random.fraction() * (DECISION_MS_MAX - DECISION_MS_MIN);
  const isHurt = (own.columns.health ?? HURT) < HURT;
  const action = random.fraction();
  intent.inputs.reach = METEOR_REACH_CM;
  intent.inputs.ability =
    action < SHARES.meteor ? METEOR : action < SHARES.meteor + SHARES.bolt ? BOLT : isHurt ? MEND : 0;
  intent.buttons =
    (random.fraction() < SHARES.sprint ? BUTTON_SPRINT : 0) | (random.fraction() < SHARES.jump ? BUTTON_JUMP : 0);
  if (random.fraction() < SHARES.stand) return;
  member.goalX = (random.fraction() * 2 - 1) * HALF_X_MM;
  member.goalZ = (random.fraction() * 2 - 1) * HALF_Z_MM;
}
