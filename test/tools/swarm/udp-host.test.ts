// Bots that share a socket, against the real netcode server and channels, without the system's sockets.

import { expect, test } from 'vitest';
import { createManualClock } from '../../../src/base/clock.ts';
import { createRandom } from '../../../src/base/random.ts';
import type { Socket } from '../../../src/client/ports.ts';
import type { UdpOptions } from '../../../src/io/udp.ts';
import {
  ADDRESS_WORDS,
  type Address,
  copyAddress,
  formatAddress,
  parseAddress,
} from '../../../src/transport/address.ts';
import { createPacketBatch, createUdpCounts, type UdpSocket } from '../../../src/transport/udp-port.ts';
import type { Link, LinkConditions } from '../../../tools/swarm/link.ts';
import { createUdpHost } from '../../../tools/swarm/udp-host.ts';
import { createDatagramServer } from '../../client/datagram-server.ts';
import { createLab, START_MS } from '../../transport/lab.ts';

const SEED = Number(process.env.SEED ?? 60616);
const PERFECT: LinkConditions = { latencyMs: 0, jitterMs: 0, lossShare: 0 };
const LOOPBACK = parseAddress('127.0.0.1:7777')!;
const ELSEWHERE = parseAddress('192.0.2.1:7777')!;
/** Of this machine, as the other one sees it. */
const PUBLIC = '198.51.100.7';

interface FakeUdp extends UdpSocket {
  readonly sent: { readonly from: Address; readonly bytes: Uint8Array }[];
  /** A packet came to that address of the socket. */
  deliver(to: Address, bytes: Uint8Array): void;
  isOpen: boolean;
}

/** A socket of the contract whose other end is the test; takes few packets at a time. */
function openFakeUdp(port: number, hasLocals: boolean, server: Address): FakeUdp {
  const incoming = createPacketBatch(3, 1536, hasLocals);
  const waiting: { readonly to: Address; readonly bytes: Uint8Array }[] = [];
  let listener: (() => void) | undefined;
  const announce = (): void => {
    while (listener !== undefined && waiting.length > 0) listener();
  };
  const socket: FakeUdp = {
    port,
    receiveBufferBytes: 0,
    sendBufferBytes: 0,
    hasLocals,
    receivesAtOnce: true,
    incoming,
    sent: [],
    isOpen: true,
    receive() {
      const taken = waiting.splice(0, incoming.capacity);
      for (const [index, { to, bytes }] of taken.entries()) {
        incoming.bytes.set(bytes, index * 1536);
        incoming.lengths[index] = bytes.length;
        copyAddress(server, 0, incoming.addresses, index * ADDRESS_WORDS);
        if (incoming.locals !== undefined) copyAddress(to, 0, incoming.locals, index * ADDRESS_WORDS);
      }
      incoming.count = taken.length;
      return taken.length;
    },
    send(batch) {
      const stride = batch.bytes.length / batch.capacity;
      for (let index = 0; index < batch.count; index++) {
        const at = index * ADDRESS_WORDS;
        expect(formatAddress(batch.addresses, at)).toBe(formatAddress(server));
        const local = batch.locals?.slice(at, at + ADDRESS_WORDS);
        const from = local !== undefined && local[3] !== 0 ? local : parseAddress(`${PUBLIC}:1`)!;
        from[4] = port;
        socket.sent.push({ from, bytes: batch.bytes.slice(index * stride, index * stride + batch.lengths[index]!) });
      }
      batch.count = 0;
    },
    onReadable(call) {
      listener = call;
    },
    counts: createUdpCounts,
    close() {
      socket.isOpen = false;
    },
    deliver(to, bytes) {
      waiting.push({ to, bytes });
      if (waiting.length === 1) queueMicrotask(announce);
    },
  };
  return socket;
}

interface Bot {
  readonly link: Link;
  readonly log: string[];
  readonly got: string[];
  socket: Socket;
}

async function createWorld(serverAddress: Address, hasLocals: boolean, conditions = PERFECT) {
  console.log(`SEED=${SEED}`);
  const lab = createLab(SEED);
  const clock = createManualClock(START_MS);
  const server = createDatagramServer(lab, { addresses: [serverAddress] });
  const sockets: FakeUdp[] = [];
  const openUdp = async (options: UdpOptions): Promise<UdpSocket> => {
    const socket = openFakeUdp(40_000 + sockets.length, hasLocals && options.hasLocals === true, serverAddress);
    sockets.push(socket);
    return socket;
  };
  const host = await createUdpHost({ openUdp, aead: lab.aead, clock });
  const bots: Bot[] = [];
  const open = (link: Link, log: string[], got: string[]): Socket => {
    const session = { token: '', url: 'ws://zone', connectToken: lab.mint({ addresses: [serverAddress] }) };
    return link.open(session, {
      opened: () => log.push('opened'),
      received: (bytes) => got.push(Buffer.from(bytes).toString()),
      closed: (reason) => log.push(`closed ${reason}`),
    });
  };
  const world = {
    lab,
    clock,
    server,
    sockets,
    host,
    bots,
    open,
    addBot(): Bot {
      const link = host.createLink(conditions, createRandom(SEED + bots.length));
      const log: string[] = [];
      const got: string[] = [];
      const bot = { link, log, got, socket: open(link, log, got) };
      bots.push(bot);
      return bot;
    },
    async run(ms: number, each: () => void = () => {}) {
      for (let passed = 0; passed < ms; passed++) {
        clock.advance(1);
        each();
        for (const { link } of bots) link.update(clock.now());
        host.turn(clock.now());
        for (const { sent } of sockets) {
          for (const { from, bytes } of sent.splice(0)) server.receive(clock.now(), from, bytes);
        }
        server.update(clock.now());
        for (const { address, bytes } of server.take()) {
          sockets.find(({ port }) => port === address[4])!.deliver(address, bytes);
        }
        // Sockets that are opened, packets that have come.
        await Promise.resolve();
      }
    },
  };
  return world;
}

type World = Awaited<ReturnType<typeof createWorld>>;

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

/** Each says its number and is told it back; whoever hears another's fails. */
async function exchangeNumbers({ bots, run, server }: World): Promise<void> {
  for (const [index, { socket }] of bots.entries()) socket.send(text(String(index)), true);
  await run(20);
  for (const guest of server.guests) {
    for (const { bytes } of guest.inbox.splice(0)) server.sendReliable(guest, bytes);
  }
  await run(50);
  expect(bots.map(({ got }) => got)).toEqual(bots.map((_, index) => [String(index)]));
}

test('on loopback fifty bots share one socket, each with an address of its own, and each gets what is its own', async () => {
  const world = await createWorld(LOOPBACK, true);
  const { server, sockets, bots } = world;
  for (let count = 0; count < 50; count++) world.addBot();
  await world.run(1);
  // What packets are answered with leaves in the turn that reads them, eight batches of three.
  for (const sent of [24, 48, 50]) {
    world.host.turn(world.clock.now());
    expect(sockets[0]!.sent).toHaveLength(sent);
  }
  await world.run(50);
  expect(bots.map(({ log }) => log)).toEqual(bots.map(() => ['opened']));
  expect(sockets).toHaveLength(1);
  const { slots } = server.netcode;
  const hosts = server.guests.map(({ slot }) => formatAddress(slots.addresses, slot * ADDRESS_WORDS));
  expect(new Set(hosts).size).toBe(50);
  for (const one of hosts) expect(one).toMatch(/^127\.1\.0\.\d+:40000$/);
  await exchangeNumbers(world);
  expect(world.host.strayPackets).toBe(0);
});

test('whoever connects again comes from another address; what still comes to the one before is nobody’s', async () => {
  const world = await createWorld(LOOPBACK, true);
  const { server, sockets, host } = world;
  const bot = world.addBot();
  const other = world.addBot();
  await world.run(50);
  const [first] = server.guests;
  bot.socket.close();
  bot.socket = world.open(bot.link, bot.log, bot.got);
  await world.run(50);
  expect(first!.isGone).toBe(true);
  expect(bot.log).toEqual(['opened', 'opened']);
  expect(server.guests).toHaveLength(3);
  const { slots } = server.netcode;
  expect(formatAddress(slots.addresses, server.guests[2]!.slot * ADDRESS_WORDS)).toBe('127.1.0.2:40000');
  server.sendReliable(server.guests[2]!, text('new'));
  sockets[0]!.deliver(parseAddress('127.1.0.0:40000')!, text('to the first'));
  sockets[0]!.deliver(parseAddress('127.0.0.1:40000')!, text('to nobody'));
  await world.run(50);
  expect([bot.got, other.got, host.strayPackets]).toEqual([['new'], [], 2]);
});

test.for([
  ['another machine', ELSEWHERE, true],
  ['loopback without addresses of one’s own', LOOPBACK, false],
] as const)('to %s each bot has a socket of its own, as long as it needs it', async ([, address, hasLocals]) => {
  const world = await createWorld(address, hasLocals);
  const { bots, sockets, host } = world;
  for (let count = 0; count < 10; count++) world.addBot();
  await world.run(50);
  expect(bots.map(({ log }) => log)).toEqual(bots.map(() => ['opened']));
  expect(sockets).toHaveLength(11);
  await exchangeNumbers(world);
  bots[0]!.socket.close();
  expect(sockets.map(({ isOpen }) => isOpen)).toEqual(sockets.map((_, index) => index !== 1));
  await world.run(20);
  expect(world.server.guests.map(({ isGone }) => isGone)).toEqual(bots.map((_, index) => index === 0));
  host.close();
  expect(sockets.some(({ isOpen }) => isOpen)).toBe(false);
});

test('a bot that leaves before its socket is open leaves none behind; one whose socket can not be opened is told', async () => {
  const world = await createWorld(ELSEWHERE, true);
  const { sockets, host } = world;
  const { socket, log } = world.addBot();
  socket.close();
  await world.run(10);
  expect(sockets.map(({ isOpen }) => isOpen)).toEqual([true, false]);
  host.close();
  const failing = await createUdpHost({
    openUdp: async ({ hasLocals }) => {
      if (hasLocals !== true) throw new Error('no more files');
      return openFakeUdp(1, true, ELSEWHERE);
    },
    aead: world.lab.aead,
    clock: world.clock,
  });
  const told = world.open(failing.createLink(PERFECT, createRandom(1)), log, []);
  told.send(text('too early'), true);
  expect(log).toEqual([]);
  await world.run(10);
  expect(log).toEqual(['closed undefined']);
});

test('the line loses and delays whole datagrams, both ways; leaving waits for nothing', async () => {
  const world = await createWorld(LOOPBACK, true, { latencyMs: 80, jitterMs: 20, lossShare: 0.2 });
  const { clock, server } = world;
  const bot = world.addBot();
  await world.run(139);
  expect(bot.log).toEqual([]);
  await world.run(3_000);
  expect(bot.log).toEqual(['opened']);
  const [guest] = server.guests;
  let sent = 0;
  await world.run(20_000, () => {
    if (clock.now() % 20 !== 0) return;
    bot.socket.send(text(`up ${sent}`), false);
    server.sendSequenced(guest!, clock.now(), text(`down ${sent++}`));
  });
  const { line } = bot.socket;
  expect(guest!.inbox.length / sent).toBeGreaterThan(0.7);
  expect(guest!.inbox.length / sent).toBeLessThan(0.9);
  expect(bot.got.length / sent).toBeGreaterThan(0.6);
  expect(bot.got.length / sent).toBeLessThan(0.9);
  expect(line!.lossInShare).toBeGreaterThan(0.1);
  expect(line!.lossOutShare).toBeGreaterThan(0.1);
  expect(line!.rttMs).toBeGreaterThan(70);
  expect(line!.rttMs).toBeLessThan(95);
  expect(line!.dropped.reduce((sum, count) => sum + count)).toBe(0);
  bot.socket.close();
  await world.run(1);
  expect(guest!.isGone).toBe(true);
});

test('what is told when to leave leaves then, from its own address, and how late that was is told', async () => {
  const world = await createWorld(LOOPBACK, true);
  const { host, clock, server } = world;
  const bots = [world.addBot(), world.addBot()];
  await world.run(50);
  expect(bots.map(({ link }) => link.canSendAhead?.())).toEqual([true, true]);
  const late: number[] = [];
  host.left = (lateMs) => late.push(lateMs);
  const startMs = clock.now();
  const came = new Map<string, number>();
  const look = (): void => {
    for (const { inbox, slot } of server.guests) {
      for (const { bytes } of inbox.splice(0))
        came.set(`${slot} ${Buffer.from(bytes).toString()}`, clock.now() - startMs);
    }
  };
  for (const [index, { socket }] of bots.entries()) {
    for (const leavesMs of [33.4, 16.7, 0]) {
      expect(host.leaveAt(startMs + leavesMs, startMs)).toBe(leavesMs > 0);
      socket.send(text(`${index} in ${leavesMs}`), false);
    }
    host.leaveAt(startMs, startMs);
  }
  await world.run(60, look);
  look();
  const [one, other] = server.guests.map(({ slot }) => slot);
  // Each millisecond what came in the one before is looked at.
  expect([...came].sort()).toEqual(
    [
      [`${one} 0 in 0`, 2],
      [`${one} 0 in 16.7`, 18],
      [`${one} 0 in 33.4`, 35],
      [`${other} 1 in 0`, 2],
      [`${other} 1 in 16.7`, 18],
      [`${other} 1 in 33.4`, 35],
    ].sort(),
  );
  expect(late.map((lateMs) => Number(lateMs.toFixed(3)))).toEqual([0.3, 0.3, 0.6, 0.6]);
  expect(host.strayPackets).toBe(0);
});

test('over a line that is not perfect, or another socket, nothing is told when to leave', async () => {
  const lossy = await createWorld(LOOPBACK, true, { latencyMs: 20, jitterMs: 0, lossShare: 0 });
  const far = await createWorld(ELSEWHERE, true);
  const links = [lossy.addBot().link, far.addBot().link];
  await far.run(1);
  expect(links.map((link) => link.canSendAhead?.())).toEqual([false, false]);
});
