// nengi 1.27 as its documentation has it: entities with a protocol, commands, `client.view` for what each client sees
// and a channel for what everyone does, `instance.update` 20 times a second. On Node 14 with cWS, the newest Node that
// it works with: ../node14.ts makes JavaScript of this file for it, and nothing here is younger.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import nengiModule from 'nengi';
import { createHost } from '../host.ts';
import { createWalker, type Input, SNAPSHOT_HZ, TICKS_PER_SNAPSHOT, type Walker, walk } from '../workload.ts';

/** An ES module in what is CommonJS to Node 14. */
const nengi = nengiModule.default;

/** nengi culls by x and y. */
class Player {
  static protocol = {
    x: { type: nengi.Int16, interp: true },
    y: { type: nengi.Int16, interp: true },
    aim: { type: nengi.UInt16, interp: true },
    state: nengi.UInt8,
  };
  x = 0;
  y = 0;
  aim = 0;
  state = 0;
  readonly walker: Walker;

  constructor(walker: Walker) {
    this.walker = walker;
    this.show();
  }

  /** What the others are sent. */
  show(): void {
    this.x = Math.round(this.walker.x);
    this.y = Math.round(this.walker.z);
    this.aim = this.walker.aim;
    this.state = this.walker.state;
  }
}

/** nengi wants a class, and sets its prototype's protocol. */
function Command(): void {}
Command.protocol = { moveX: nengi.Int8, moveZ: nengi.Int8, aim: nengi.UInt16, buttons: nengi.UInt8 };

const host = createHost();
const { field, counts } = host;
/** A view is a rectangle: a square as large as the circle of the others. */
const VIEW_HALF_CM = (field.radiusCm * Math.sqrt(Math.PI)) / 2;

const config = {
  UPDATE_RATE: SNAPSHOT_HZ,
  ID_BINARY_TYPE: nengi.UInt16,
  TYPE_BINARY_TYPE: nengi.UInt8,
  // It is for lag compensation, which this workload has not, and copies every entity with each update.
  USE_HISTORIAN: false,
  HIDE_LOGO: true,
  protocols: {
    entities: [['Player', Player]],
    commands: [['Command', Command]],
    basics: [],
    messages: [],
    localMessages: [],
  },
};

const server = createServer();
const instance = new nengi.Instance(config, { httpServer: server });
const everyone = field.variant === 'all' ? instance.createChannel() : undefined;

instance.onConnect((client, { fromClient }, answer) => {
  const player = new Player(createWalker(field, fromClient.index));
  client.player = player;
  answer({ accepted: true, text: '' });
  if (everyone === undefined) {
    instance.addEntity(player);
    client.view = { x: player.x, y: player.y, halfWidth: VIEW_HALF_CM, halfHeight: VIEW_HALF_CM };
  } else {
    everyone.addEntity(player);
    everyone.subscribe(client);
    client.view = { x: 0, y: 0, halfWidth: 0, halfHeight: 0 };
  }
  counts.players++;
});

instance.onDisconnect((client) => {
  const player = client.player as Player;
  if (everyone === undefined) instance.removeEntity(player);
  else everyone.removeEntity(player);
  counts.players--;
});

function tick(number: number): void {
  for (let next = instance.getNextCommand(); next !== undefined; next = instance.getNextCommand()) {
    const { walker } = next.client.player as Player;
    for (const command of next.commands as Input[]) {
      counts.inputs++;
      walk(walker, command, field.halfCm);
    }
  }
  if (number % TICKS_PER_SNAPSHOT !== 0) return;
  const clients = instance.clients.toArray();
  for (const client of clients) {
    const player = client.player as Player;
    player.show();
    if (everyone === undefined) {
      client.view.x = player.x;
      client.view.y = player.y;
    }
  }
  instance.update();
  counts.snapshots += clients.length;
  for (const client of clients) counts.entities += client.cacheArr.length - 1;
}

server.listen(0, '127.0.0.1', () => {
  host.ready(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  host.runTicks(tick);
});
