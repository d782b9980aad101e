import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { EAGAIN, EINTR, ENOBUFS, type Libc, loadLibc } from '../../src/io/udp-libc.ts';
import { openLinuxUdp } from '../../src/io/udp-linux.ts';
import { ADDRESS_WORDS, parseAddress } from '../../src/transport/address.ts';
import { createPacketBatch, type UdpSocket } from '../../src/transport/udp-port.ts';

const EPERM = 1;
const ECONNREFUSED = 111;
/** Of a header: how much of the control message there is. */
const CONTROL_BYTES_WORD = 10;
const libc = await loadLibc();
const binding = {
  address: '127.0.0.1',
  port: 0,
  batchPackets: 32,
  packetBytesMax: 64,
  hasLocals: false,
  bufferBytes: 65_536,
};

const sockets: UdpSocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

function open(through: Libc, changes = {}): UdpSocket {
  const socket = openLinuxUdp(through, { ...binding, ...changes });
  sockets.push(socket);
  return socket;
}

/** A libc whose next calls do as planned: a number ≥ 0 lets so many packets through at most, one below is −errno. */
function planned(call: 'sendmmsg' | 'recvmmsg', plan: number[]): Libc {
  let errno: number | undefined;
  const act = (count: number, real: (count: number) => number): number => {
    const step = plan.shift();
    errno = step !== undefined && step < 0 ? -step : undefined;
    return errno === undefined ? real(Math.min(count, step ?? count)) : -1;
  };
  return {
    ...libc!,
    errno: () => errno ?? libc!.errno(),
    ...(call === 'sendmmsg' && {
      sendmmsg: (fd, headers, count, flags) => act(count, (most) => libc!.sendmmsg(fd, headers, most, flags)),
    }),
    ...(call === 'recvmmsg' && {
      recvmmsg: (fd, headers, count, flags, timeout) =>
        act(count, (most) => libc!.recvmmsg(fd, headers, most, flags, timeout)),
    }),
  };
}

/** Sends the numbers 0 … 9 and returns those that came: on loopback they are there when the call is done. */
function sendTen(sender: UdpSocket, receiver: UdpSocket): number[] {
  const batch = createPacketBatch(16, 64);
  for (let number = 0; number < 10; number++) {
    batch.bytes[number * 64] = number;
    batch.lengths[number] = 1;
    batch.addresses.set(parseAddress(`127.0.0.1:${receiver.port}`)!, number * ADDRESS_WORDS);
  }
  batch.count = 10;
  sender.send(batch);
  const count = receiver.receive();
  return Array.from({ length: count }, (_, index) => receiver.incoming.bytes[index * 64]!);
}

describe.runIf(libc)('a socket in batches', () => {
  test.each([
    { what: 'goes out in parts', plan: [3, 1, 4], sent: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], counts: {} },
    { what: 'is interrupted', plan: [-EINTR, 5, -EINTR], sent: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], counts: {} },
    { what: 'meets a full buffer', plan: [4, -EAGAIN], sent: [0, 1, 2, 3], counts: { sendDropped: 6 } },
    { what: 'meets a full queue', plan: [-ENOBUFS], sent: [], counts: { sendDropped: 10 } },
    {
      what: 'meets a firewall at one packet',
      plan: [4, -EPERM],
      sent: [0, 1, 2, 3, 5, 6, 7, 8, 9],
      counts: { sendFailed: 1 },
    },
    { what: 'is refused packet by packet', plan: Array(10).fill(-EPERM), sent: [], counts: { sendFailed: 10 } },
  ])('a batch that $what', ({ plan, sent, counts }) => {
    const sender = open(planned('sendmmsg', plan));
    const receiver = open(libc!);
    expect(sendTen(sender, receiver)).toEqual(sent);
    expect(sender.counts()).toMatchObject({ sent: sent.length, sendDropped: 0, sendFailed: 0, ...counts });
  });

  test('errors reported instead of packets are counted, and the packets behind them come', () => {
    const receiver = open(planned('recvmmsg', [-ECONNREFUSED, -EINTR, -ECONNREFUSED]));
    expect(sendTen(open(libc!), receiver)).toHaveLength(10);
    expect(receiver.counts()).toMatchObject({ received: 10, receiveFailed: 2 });
  });

  test('errors without end are given up for now', () => {
    const receiver = open(planned('recvmmsg', Array(1000).fill(-ECONNREFUSED)));
    expect(receiver.receive()).toBe(0);
    expect(receiver.counts().receiveFailed).toBeGreaterThan(0);
    expect(receiver.counts().receiveFailed).toBeLessThan(100);
  });

  test('more than a batch waits for the next receive', () => {
    const receiver = open(libc!, { batchPackets: 4 });
    expect(sendTen(open(libc!), receiver)).toEqual([0, 1, 2, 3]);
    expect(receiver.receive()).toBe(4);
    expect(receiver.receive()).toBe(2);
    expect(receiver.receive()).toBe(0);
  });

  test('a packet without its own address does not take it from those that come after', () => {
    let calls = 0;
    const through: Libc = {
      ...libc!,
      recvmmsg(fd, headers, count, flags, timeout) {
        const received = libc!.recvmmsg(fd, headers, count, flags, timeout);
        if (calls++ === 0) headers[CONTROL_BYTES_WORD] = 0;
        return received;
      },
    };
    const receiver = open(through, { hasLocals: true });
    const { locals } = receiver.incoming;
    const sender = open(libc!);
    sendTen(sender, receiver);
    expect(locals![3]).toBe(0);
    expect(locals![ADDRESS_WORDS + 3]).toBe(0x7f00_0001);
    sendTen(sender, receiver);
    expect(locals![3]).toBe(0x7f00_0001);
  });

  test('one that cannot be opened leaves no descriptor behind', () => {
    const { port } = open(libc!);
    const before = readdirSync('/proc/self/fd').length;
    for (let round = 0; round < 20; round++) {
      expect(() => open(libc!, { port })).toThrow('in use');
      expect(() => open(libc!, { address: 'no address' })).toThrow('Cannot open a UDP socket at no address:0');
      expect(() => open({ ...libc!, dup3: () => -1 })).toThrow('Cannot open');
    }
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  test('it is still listened to when only the event loop knows of it', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const calls: number[] = [];
    // In a function of its own, so that nothing here holds the socket.
    const port = ((): number => {
      const socket = openLinuxUdp(libc!, binding);
      socket.onReadable(() => {
        calls.push(socket.receive());
        socket.close();
      });
      return socket.port;
    })();
    for (let round = 0; round < 3; round++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    sendTen(open(libc!), { ...open(libc!), port });
    while (calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toEqual([10]);
  });

  test.each(['terminate', 'exit', 'throw'])('its port is free when its thread has ended: %s', async (ending) => {
    const worker = new Worker(new URL('./fixtures/udp-thread.ts', import.meta.url));
    worker.on('error', () => undefined);
    const [{ port }] = (await once(worker, 'message')) as [{ port: number }];
    expect(() => open(libc!, { port })).toThrow('in use');
    if (ending === 'terminate') {
      await worker.terminate();
    } else {
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      worker.postMessage(ending);
      await ended;
    }
    expect(open(libc!, { port }).port).toBe(port);
  });

  test.each(['exit', 'throw'])('a process outlives threads that end while packets come: %s', async (ending) => {
    const script = join(import.meta.dirname, 'fixtures', 'udp-endings.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script, ending]);
    expect(stdout).toBe('outlived 15');
  });
});
