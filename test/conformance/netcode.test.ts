// Our transport against an implementation of netcode 1.02 by others, the Rust crate renetcode, over UDP on loopback:
// it as client of our server, as server of our client, and as issuer of tokens; 10,000 payloads each way. Our side can
// renew keys and says so in its tokens, and makes offers to a server that drops them: nobody minds.

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { needs } from '../needs.ts';
import { mintFor, PEER_KEY, PEER_PROTOCOL, runClientPeer, startServerPeer } from '../transport/udp-peer.ts';

const peer = needs('netcode-peer');
const COUNT = 10_000;
const CLIENT_ID = 2n ** 63n + 11n;
const KEY = Buffer.from(PEER_KEY).toString('hex');
/** Lost of a hundred, either way, and the seed that says which. */
const LINES = [
  { loss: 0, seed: 41 },
  { loss: 0.1, seed: 42 },
] as const;

interface Report {
  readonly end: string;
  readonly sent: number;
  readonly received: number;
  readonly twice: number;
  readonly wrong: number;
  readonly userData: number;
}

/** The lines of its output, the last of which is its report. */
async function* runPeer(mode: string, options: Record<string, string>): AsyncGenerator<string, void, void> {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const child: ChildProcessWithoutNullStreams = spawn(peer!, [mode, ...args]);
  child.stderr.on('data', (chunk: Buffer) => process.stderr.write(chunk));
  for await (const line of createInterface({ input: child.stdout })) yield line;
}

async function reportOf(lines: AsyncGenerator<string, void, void>): Promise<Report> {
  let last = '';
  for await (const line of lines) last = line;
  return JSON.parse(last) as Report;
}

/** All but what was lost, each once, none changed. */
function expectDelivered(received: number, loss: number, seed: number): void {
  const expected = COUNT * (1 - loss);
  const spread = loss === 0 ? 0 : 5 * Math.sqrt(COUNT * loss * (1 - loss));
  expect(Math.abs(received - expected), `SEED=${seed}: ${received} of ${COUNT} arrived`).toBeLessThanOrEqual(spread);
}

test.skipIf(peer === undefined).each(LINES)('renetcode is a client of our server, $loss lost', async (line) => {
  const ours = await startServerPeer({ count: COUNT, ...line });
  const token = Buffer.from(ours.mint(CLIENT_ID)).toString('hex');
  const report = await reportOf(runPeer('client', { token, 'client-id': String(CLIENT_ID), count: String(COUNT) }));
  const result = await ours.result;
  expect(report).toMatchObject({ end: 'disconnected', sent: COUNT, twice: 0, wrong: 0 });
  expect(result).toMatchObject({ sent: COUNT, twice: 0, wrong: 0, rekeys: 0 });
  expectDelivered(report.received, line.loss, line.seed);
  expectDelivered(result.received, line.loss, line.seed);
});

test.skipIf(peer === undefined).each(LINES)('renetcode is the server of our client, $loss lost', async (line) => {
  const lines = runPeer('server', { key: KEY, protocol: String(PEER_PROTOCOL), count: String(COUNT) });
  const { value: port } = await lines.next();
  const token = mintFor(`127.0.0.1:${String(port)}`, CLIENT_ID);
  const [result, report] = await Promise.all([runClientPeer(token, { count: COUNT, ...line }), reportOf(lines)]);
  expect(report).toMatchObject({ end: 'disconnected', sent: COUNT, twice: 0, wrong: 0, userData: 77 });
  expect(result).toMatchObject({ sent: COUNT, twice: 0, wrong: 0, state: 0, rekeys: 0 });
  expectDelivered(report.received, line.loss, line.seed);
  expectDelivered(result.received, line.loss, line.seed);
});

const FEW = { count: 200, loss: 0, seed: 45 } as const;
const EVERYTHING = { sent: FEW.count, received: FEW.count, twice: 0, wrong: 0 };
const COMPLETE = { count: String(FEW.count), leave: 'yes' };

test.skipIf(peer === undefined)('a client of renetcode that leaves is gone', async () => {
  const ours = await startServerPeer(FEW);
  const token = Buffer.from(ours.mint(CLIENT_ID)).toString('hex');
  const report = await reportOf(runPeer('client', { token, 'client-id': String(CLIENT_ID), ...COMPLETE }));
  expect(report).toMatchObject(EVERYTHING);
  await expect(ours.result).resolves.toMatchObject(EVERYTHING);
  expect(ours.server.slots.freeCount).toBe(ours.server.slots.capacity);
});

test.skipIf(peer === undefined)('a server of renetcode that ends the connection is believed', async () => {
  const lines = runPeer('server', { key: KEY, protocol: String(PEER_PROTOCOL), ...COMPLETE });
  const { value: port } = await lines.next();
  const token = mintFor(`127.0.0.1:${String(port)}`, CLIENT_ID);
  const [result, report] = await Promise.all([runClientPeer(token, FEW), reportOf(lines)]);
  expect(report).toMatchObject({ ...EVERYTHING, end: 'left' });
  expect(result).toMatchObject({ ...EVERYTHING, state: 0 });
});

/** Stays long enough for another one to be denied. */
const OCCUPANT = { count: 0, loss: 0, seed: 46, quietMs: 2000 } as const;

test.skipIf(peer === undefined)('our full server denies a client of renetcode', async () => {
  const ours = await startServerPeer({ ...OCCUPANT, clientsMax: 1 });
  const first = new Promise<void>((resolve) => {
    void runClientPeer(ours.mint(1n), { ...OCCUPANT, onConnected: resolve });
  });
  await first;
  const token = Buffer.from(ours.mint(CLIENT_ID)).toString('hex');
  const report = await reportOf(runPeer('client', { token, 'client-id': String(CLIENT_ID), count: '1' }));
  expect(report).toMatchObject({ end: 'server denied connection', sent: 0 });
  await ours.result;
});

test.skipIf(peer === undefined)('a full server of renetcode denies our client', async () => {
  const lines = runPeer('server', { key: KEY, protocol: String(PEER_PROTOCOL), count: '0', clients: '1' });
  const { value: port } = await lines.next();
  const address = `127.0.0.1:${String(port)}`;
  const denied = new Promise<{ state: number }>((resolve) => {
    const onConnected = (): void => resolve(runClientPeer(mintFor(address, 2n), OCCUPANT));
    void runClientPeer(mintFor(address, 1n), { ...OCCUPANT, onConnected });
  });
  await expect(denied).resolves.toMatchObject({ state: -1 });
  await reportOf(lines);
});

test.skipIf(peer === undefined)('a token that renetcode issues connects our client to our server', async () => {
  const ours = await startServerPeer({ count: 0, loss: 0, seed: 43 });
  const options = ['--key', KEY, '--protocol', String(PEER_PROTOCOL), '--client-id', String(CLIENT_ID)];
  const { stdout } = spawnSync(peer!, ['mint', ...options, '--address', ours.address], { encoding: 'utf8' });
  // The crate has the client's id in front, and leaves out the zeros at the end.
  const token = Buffer.concat([Buffer.from(stdout.trim(), 'hex').subarray(8), Buffer.alloc(2048)]).subarray(0, 2048);
  const joined = runClientPeer(token, { count: 0, loss: 0, seed: 44 });
  await expect(joined).resolves.toMatchObject({ state: 0 });
  const { clientIds, userData } = ours.server.slots;
  expect(clientIds[0]! + clientIds[1]! * 2 ** 32).toBe(Number(CLIENT_ID));
  expect(userData[0]).toEqual(new Uint8Array(256).fill(7));
});

test('and where both sides are ours, keys are renewed', async () => {
  const ours = await startServerPeer({ ...FEW, quietMs: 500 });
  const result = await runClientPeer(ours.mint(1n), { ...FEW, quietMs: 500 });
  expect([result.rekeys, (await ours.result).rekeys]).toEqual([1, 1]);
});
