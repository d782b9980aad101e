// What a player may not know isn't sent: every byte that one client gets of the shipped game is recorded and decoded by
// protobufjs, from the printed .proto alone, and held against where everybody was.

import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { PROTOCOL_VERSION, SIGHT_INTERVAL_TICKS, SNAPSHOT_INTERVAL_TICKS } from '../../src/base/limits.ts';
import { createRandom } from '../../src/base/random.ts';
import { game } from '../../src/game/game.ts';
import {
  admitConnection,
  type Connection,
  createEdge,
  openConnection,
  welcomeStranger,
} from '../../src/session/edge.ts';
import { receiveFrame } from '../../src/session/receive.ts';
import { serveClients } from '../../src/session/serve.ts';
import { slotCount, worldTick } from '../../src/sim/world.ts';
import { SNAPSHOT_PLANS } from '../../src/transport/channels/degradation.ts';
import { encodeToBytes } from '../../src/wire/codec.ts';
import { printProto } from '../../src/wire/proto-text.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { createTestZone, run } from '../zone/harness.ts';

const SEED = 20_240_611;
const PLAYERS = 24;
const TICKS = 1500;
/** Two looks that find it blocked, the snapshot after, and one more for a look that was just made. */
const SLACK_TICKS = 3 * SIGHT_INTERVAL_TICKS + 2 * SNAPSHOT_INTERVAL_TICKS;

const messages = createMessages(game);
const serverMessage = protobuf.parse(printProto(game)).root.lookupType('darkages.v1.ServerMessage');
const privateFields = game.rows
  .filter(({ ownerOnly }) => ownerOnly)
  .map(({ name }) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()));

interface Mention {
  readonly slot?: number;
  readonly [field: string]: unknown;
}
interface Snapshot {
  readonly tick: number;
  readonly deltas?: readonly Mention[];
  readonly entities?: readonly Mention[];
}

function play() {
  const zone = createTestZone(game, 1, SEED, 512);
  const random = createRandom(SEED);
  const edge = createEdge({ game, zoneId: 1, edgeIndex: 0, seed: SEED, buffers: zone.buffers, authenticate: () => {} });
  run(zone);
  serveClients(edge, 0);
  const frames: Uint8Array[][] = [];
  const connections: Connection[] = [];
  for (let player = 0; player < PLAYERS; player++) {
    const got: Uint8Array[] = [];
    const link = {
      plan: SNAPSHOT_PLANS[0]!,
      playerId: undefined,
      send: (bytes: Uint8Array) => void got.push(bytes),
      backlogBytes: () => 0,
      holdUp: () => {},
      close: () => {},
    };
    const connection = openConnection(edge, link, welcomeStranger(edge, `host ${player}`)!, 0)!;
    const join = { token: 't', protocolVersion: PROTOCOL_VERSION, game: game.name, gameVersion: game.version };
    receiveFrame(edge, connection, encodeToBytes(messages.clientMessage, { join }), 0);
    admitConnection(edge, connection, { playerId: player + 1, name: `p${player}`, saved: undefined });
    frames.push(got);
    connections.push(connection);
  }
  /** Ticks for which each has been out of the first player's sight, by slot; −1 where it isn't at all. */
  const hidden = new Int32Array(512);
  const hiddenAt: Int32Array[] = [];
  const moves = connections.map(() => ({ moveX: 0, moveZ: 0, buttons: 1 }));
  for (let tick = 0; tick < TICKS; tick++) {
    for (const [player, connection] of connections.entries()) {
      if (random.below(60) === 0)
        moves[player] = { moveX: random.below(181) - 90, moveZ: random.below(181) - 90, buttons: random.below(4) };
      const next = worldTick(zone.zone.world) + 1;
      const input = {
        tick: next,
        ackAge: next > 20 ? next - edge.servedTick : 0,
        aim: random.below(65_536),
        ability: random.below(5),
        ...moves[player],
      };
      receiveFrame(edge, connection, encodeToBytes(messages.clientMessage, { inputs: [input] }), tick * 17);
    }
    run(zone);
    trackHidden(zone, hidden);
    hiddenAt[worldTick(zone.zone.world)] = hidden.slice();
    serveClients(edge, tick * 17);
  }
  return { frames: frames[0]!, own: zone.zone.slotOfClient[0]! - 1, hiddenAt };
}

function trackHidden(zone: ReturnType<typeof createTestZone>, hidden: Int32Array): void {
  const { world, sim } = zone.zone;
  const { kind, positionX, positionZ } = world.columns;
  const own = zone.zone.slotOfClient[0]! - 1;
  const reach = (game.limits.interestRadiusMm * 1.1 + 2) ** 2;
  for (let slot = 0; slot < slotCount(world); slot++) {
    if (own < 0 || slot === own || kind[slot] === 0) {
      hidden[slot] = 0;
      continue;
    }
    const [x0, z0, x1, z1] = [
      positionX[own]! >> 7,
      positionZ[own]! >> 7,
      positionX[slot]! >> 7,
      positionZ[slot]! >> 7,
    ] as const;
    const isFar = (x1 - x0) ** 2 + (z1 - z0) ** 2 > reach;
    const isBlocked = game.blocksSight!(sim.map as never, x0, z0, x1, z1);
    hidden[slot] = isFar || isBlocked ? hidden[slot]! + 1 : 0;
  }
}

test('a client is sent nobody who is out of its sight, and of others no private column', () => {
  const { frames, own, hiddenAt } = play();
  let snapshots = 0;
  let mentions = 0;
  let hiddenMoments = 0;
  for (const bytes of frames) {
    const { snapshot } = serverMessage.toObject(serverMessage.decode(bytes)) as { snapshot?: Snapshot };
    if (snapshot === undefined) continue;
    snapshots++;
    const hidden = hiddenAt[snapshot.tick]!;
    for (const ticks of hidden) if (ticks > SLACK_TICKS) hiddenMoments++;
    for (const mention of [...(snapshot.deltas ?? []), ...(snapshot.entities ?? [])]) {
      const slot = mention.slot ?? 0;
      if (slot === own) continue;
      mentions++;
      expect(hidden[slot], `SEED=${SEED}: slot ${slot} at tick ${snapshot.tick}`).toBeLessThanOrEqual(SLACK_TICKS);
      for (const field of privateFields)
        expect(mention, `SEED=${SEED}: ${field} of slot ${slot}`).not.toHaveProperty(field);
    }
  }
  // The run must have shown something, and hidden much.
  expect(snapshots).toBeGreaterThan(TICKS / SNAPSHOT_INTERVAL_TICKS / 2);
  expect(mentions).toBeGreaterThan(1000);
  expect(hiddenMoments).toBeGreaterThan(1000);
});
