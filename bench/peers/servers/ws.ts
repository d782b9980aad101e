// Plain `ws` with a codec by hand: what a team writes that takes no engine. A third of the clients is served each tick,
// so that no tick has all the snapshots to write; everything else is as simple as it can be.

import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { CODECS, type Codec } from '../codecs.ts';
import { createHost } from '../host.ts';
import { createGrid, createWalker, type Input, TICKS_PER_SNAPSHOT, type Walker, walk } from '../workload.ts';

export interface Player extends Walker {
  readonly id: number;
  readonly socket: WebSocket;
  /** The latest that came, in force until the next one. */
  readonly input: Input;
  /** Its number, for the client's prediction. */
  sequence: number;
}

const host = createHost();
const { field, counts } = host;
const codec: Codec = CODECS[process.argv[5] as keyof typeof CODECS];
const players = new Map<number, Player>();
const grid = createGrid<Player>(field);

function join(socket: WebSocket, { url = '' }: IncomingMessage): void {
  const id = Number(url.slice(url.indexOf('=') + 1));
  const input: Input = { moveX: 0, moveZ: 0, aim: 0, buttons: 0 };
  const player: Player = { id, socket, input, sequence: 0, ...createWalker(field, id) };
  players.set(id, player);
  counts.players++;
  socket.on('message', (data: Buffer) => {
    counts.inputs++;
    player.sequence = codec.readInput(data, player.input);
  });
  socket.on('close', () => {
    players.delete(id);
    counts.players--;
  });
}

function tick(number: number): void {
  for (const player of players.values()) walk(player, player.input, field.halfCm);
  if (field.variant === 'near') grid.fill(players.values());
  const everyone = field.variant === 'all' ? codec.writePlayers([...players.values()]) : undefined;
  const visible: Player[] = [];
  for (const player of players.values()) {
    if ((player.id + number) % TICKS_PER_SNAPSHOT !== 0) continue;
    visible.length = 0;
    if (everyone === undefined) grid.visit(player, (other) => visible.push(other));
    const written = everyone ?? codec.writePlayers(visible);
    player.socket.send(codec.writeSnapshot(number, player.sequence, written));
    counts.snapshots++;
    counts.entities += (everyone === undefined ? visible.length : players.size) - 1;
  }
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('connection', join);
server.on('listening', () => {
  host.ready(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  host.runTicks(tick);
});
