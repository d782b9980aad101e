import { afterEach, describe, expect, test, vi } from 'vitest';
import { describeSmallBuffer, openUdp, readInBatches } from '../../src/io/udp.ts';
import * as libc from '../../src/io/udp-libc.ts';
import { createPacketBatch, type UdpSocket } from '../../src/transport/udp-port.ts';

vi.mock('../../src/io/udp-libc.ts', { spy: true });
afterEach(() => {
  vi.restoreAllMocks();
});

const hasLibc = (await libc.loadLibc()) !== undefined;

async function hasLocals(adapter?: 'batched' | 'portable'): Promise<boolean> {
  const options = { host: '127.0.0.1', port: 0, hasLocals: true };
  const socket = await openUdp(adapter === undefined ? options : { ...options, adapter });
  socket.close();
  return socket.hasLocals;
}

test('batches where they can be had, else and when asked for a packet at a time', async () => {
  expect(await hasLocals()).toBe(hasLibc);
  expect(await hasLocals('portable')).toBe(false);
  vi.mocked(libc.loadLibc).mockResolvedValue(undefined);
  expect(await hasLocals()).toBe(false);
  await expect(hasLocals('batched')).rejects.toMatchObject({
    code: 'DARKAGES_LISTEN_FAILED',
    message: expect.stringContaining('koffi'),
  });
});

test.each<[number, NodeJS.Platform, string | undefined]>([
  [16 << 20, 'linux', undefined],
  [8 << 20, 'linux', undefined],
  [(8 << 20) - 2, 'linux', '4095 KiB'],
  [425_984, 'linux', '208 KiB'],
  [4 << 20, 'darwin', undefined],
  [(4 << 20) - 1, 'darwin', '4095 KiB'],
])('a socket that was granted %i bytes on %s: %s', (granted, platform, told) => {
  const text = describeSmallBuffer(granted, platform);
  if (told === undefined) expect(text).toBeUndefined();
  else expect(text).toMatch(new RegExp(`${told}.*of 8192 asked for; set the sysctl net\\.core\\.rmem_max to 8388608`));
});

describe('reading in batches', () => {
  interface Arrival {
    readonly ms: number;
    /** Sizes of the batches that `receive` finds one after the other; then none. */
    readonly batches: readonly number[];
  }

  /** What happens when packets are announced so: sizes of the batches taken, and naps. */
  function play(arrivals: readonly Arrival[], receivesAtOnce = true): (number | 'nap')[] {
    const log: (number | 'nap')[] = [];
    const waiting: number[] = [];
    let nowMs = 0;
    let announce = (): void => undefined;
    const incoming = createPacketBatch(10, 1);
    const socket = {
      receivesAtOnce,
      incoming,
      receive: () => (incoming.count = waiting.shift() ?? 0),
      onReadable: (listener: () => void) => (announce = listener),
    } as unknown as UdpSocket;
    const nap = (ms: number): void => {
      log.push('nap');
      nowMs += ms;
    };
    readInBatches(
      socket,
      () => log.push(incoming.count),
      () => nowMs,
      nap,
    );
    for (const { ms, batches } of arrivals) {
      nowMs = Math.max(nowMs, ms);
      waiting.push(...batches);
      announce();
    }
    return log;
  }

  test('a lone packet is taken at once, none is not, and nobody sleeps', () => {
    const lone = [0, 5, 10, 10.5].map((ms) => ({ ms, batches: [1] }));
    const last = [
      { ms: 20, batches: [] },
      { ms: 30, batches: [10] },
    ];
    expect(play([...lone, ...last])).toEqual([1, 1, 1, 1, 10]);
  });

  test('in a stream what comes during a nap is taken with it', () => {
    const stream = [
      { ms: 0, batches: [3] },
      { ms: 0.2, batches: [4, 5] },
      { ms: 0.8, batches: [10, 6, 7] },
      { ms: 9, batches: [8] },
    ];
    expect(play(stream)).toEqual([3, 4, 'nap', 5, 10, 6, 'nap', 7, 8]);
  });

  test('where a nap brings nothing, nobody sleeps', () => {
    expect(
      play(
        [0, 0.2, 0.4].map((ms) => ({ ms, batches: [1] })),
        false,
      ),
    ).toEqual([1, 1, 1]);
  });

  test('a flood leaves the turn to others after a few batches', () => {
    const flood = { batches: Array<number>(100).fill(10) };
    expect(play([{ ms: 0, ...flood }])).toEqual([10, 10, 10, 10]);
    expect(play([0, 0.1].map((ms) => ({ ms, ...flood })))).toEqual(Array(8).fill(10));
  });
});
