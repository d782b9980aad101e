// Colyseus 0.18 as its documentation has it: inputs by `defineInput`, one a tick by `setFixedTimestep`, a schema for the
// state, patches each 50 ms, a StateView for each client where it shall see only who is near. Its default transport.

import { type Client, Room, Server } from '@colyseus/core';
import { type MapSchema, StateView, schema, t } from '@colyseus/schema';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { createHost } from '../host.ts';
import { createGrid, createWalker, type Input, SNAPSHOT_HZ, TICK_HZ, type Walker, walk } from '../workload.ts';

/** Who a client sees is looked up anew 5 times a second, for a quarter of the clients with each patch: as ours does. */
const LOOK_PATCHES = 4;

const InputSchema = schema({ moveX: t.int8(), moveZ: t.int8(), aim: t.uint16(), buttons: t.uint8() }, 'Input');
const PlayerSchema = schema({ x: t.int16(), z: t.int16(), aim: t.uint16(), state: t.uint8() }, 'Player');
const StateSchema = {
  near: schema({ players: t.map(PlayerSchema).view() }, 'State'),
  all: schema({ players: t.map(PlayerSchema) }, 'State'),
};

type Shown = InstanceType<typeof PlayerSchema>;

/** Its place in centimetres, not rounded; `shown` is what the others are sent. */
class Player implements Walker {
  x = 0;
  z = 0;
  aim = 0;
  state = 0;
  readonly client: Client;
  readonly shown: Shown = new PlayerSchema();
  readonly seen = new Set<Player>();
  /** What the latest look found. */
  readonly near = new Set<Player>();

  constructor(client: Client, walker: Walker) {
    this.client = client;
    Object.assign(this, walker);
    this.show();
  }

  show(): void {
    this.shown.x = Math.round(this.x);
    this.shown.z = Math.round(this.z);
    this.shown.aim = this.aim;
    this.shown.state = this.state;
  }
}

const host = createHost();
const { field, counts } = host;
const isNear = field.variant === 'near';

class FieldRoom extends Room {
  override state = new StateSchema[field.variant]() as { players: MapSchema<Shown> };
  override patchRate = 1000 / SNAPSHOT_HZ;
  override inputs = this.defineInput(InputSchema);
  override autoDispose = false;
  readonly players = new Map<string, Player>();
  readonly grid = createGrid<Player>(field);
  patches = 0;

  override onCreate(): void {
    this.setFixedTimestep(() => host.time(true, () => this.step()), TICK_HZ);
  }

  override onJoin(client: Client, { index }: { index: number }): void {
    const player = new Player(client, createWalker(field, index));
    this.state.players.set(client.sessionId, player.shown);
    this.players.set(client.sessionId, player);
    if (isNear) client.view = new StateView();
    counts.players++;
  }

  override onLeave(client: Client): void {
    const left = this.players.get(client.sessionId);
    this.players.delete(client.sessionId);
    this.state.players.delete(client.sessionId);
    for (const { seen } of this.players.values()) seen.delete(left!);
    counts.players--;
  }

  step(): void {
    for (const player of this.players.values()) {
      const input = this.inputs.get(player.client.sessionId).next() as Input | undefined;
      if (input === undefined) continue;
      counts.inputs++;
      walk(player, input, field.halfCm);
      player.show();
    }
  }

  /** On a timer of its own; it counts as part of the next tick. */
  override broadcastPatch(): boolean {
    let hasChanged = false;
    host.time(false, () => {
      if (isNear) this.look();
      hasChanged = super.broadcastPatch();
    });
    counts.snapshots += this.players.size;
    for (const { seen } of this.players.values()) counts.entities += (isNear ? seen.size : this.players.size) - 1;
    return hasChanged;
  }

  look(): void {
    this.grid.fill(this.players.values());
    let number = this.patches++;
    for (const player of this.players.values()) {
      if (number++ % LOOK_PATCHES === 0) this.lookOf(player);
    }
  }

  lookOf(player: Player): void {
    const { seen, near } = player;
    const view = player.client.view!;
    near.clear();
    this.grid.visit(player, (other) => near.add(other));
    for (const other of seen) {
      if (near.has(other)) continue;
      seen.delete(other);
      view.remove(other.shown);
    }
    for (const other of near) {
      if (seen.has(other)) continue;
      seen.add(other);
      view.add(other.shown);
    }
  }
}

const transport = new WebSocketTransport();
const server = new Server({ transport, greet: false });
server.define('field', FieldRoom);
// 0 is a free port.
await server.listen(0, '127.0.0.1');
host.ready(`http://127.0.0.1:${(transport.server!.address() as { port: number }).port}`);
