import { expect, test } from 'vitest';
import { TOKEN_LIFETIME_S } from '../../src/base/limits.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import {
  chooseHost,
  createConnectTokens,
  findPublicHosts,
  joinHost,
  PROTOCOL_ID,
} from '../../src/io/connect-tokens.ts';
import { formatAddress } from '../../src/transport/address.ts';
import { FEATURE_REKEY, readPublicToken } from '../../src/transport/token.ts';

test('a token names the edge, lasts as long as others do, and has keys of its own', () => {
  const mint = createConnectTokens(createSodiumAead(), new Uint8Array(32).fill(1));
  const [first, second] = [mint(42, '10.1.2.3', 7777, 1_700_000_000.9), mint(42, '::1', 7778, 1_700_000_000.9)].map(
    (bytes) => readPublicToken(bytes)!,
  );
  expect(formatAddress(first!.addresses[0]!)).toBe('10.1.2.3:7777');
  expect(formatAddress(second!.addresses[0]!)).toBe('[0:0:0:0:0:0:0:1]:7778');
  expect([first!.createdS, first!.expiresS - first!.createdS]).toEqual([1_700_000_000, TOKEN_LIFETIME_S]);
  expect(first!.clientKey).not.toEqual(second!.clientKey);
  expect(first!.features).toBe(FEATURE_REKEY);
  expect(new DataView(first!.protocolId.buffer).getBigUint64(0, true)).toBe(PROTOCOL_ID);
  expect(() => mint(42, 'localhost', 7777, 0)).toThrow('IP addresses');
});

test('a node is known by what it advertises, else by where it listens, else by all it has', async () => {
  const find = (host: string, advertisedHost?: string, advertiseUdp = '') =>
    findPublicHosts({ host, advertisedHost, advertiseUdp });
  expect(await find('0.0.0.0', '192.0.2.7')).toEqual(['192.0.2.7']);
  expect(await find('0.0.0.0', '192.0.2.7:8443')).toEqual(['192.0.2.7']);
  expect(await find('0.0.0.0', '[2001:db8::5]')).toEqual(['2001:db8::5']);
  expect(await find('0.0.0.0', '192.0.2.7', '192.0.2.8')).toEqual(['192.0.2.8']);
  expect(await find('127.0.0.1')).toEqual(['127.0.0.1']);
  expect(await find('0.0.0.0')).toContain('127.0.0.1');
  expect(await find('127.0.0.1', 'no-such-host.invalid')).toEqual([]);
  await expect(find('127.0.0.1', undefined, 'no-such-host.invalid')).rejects.toThrow(
    '--advertise-udp names no-such-ho',
  );
});

test('of several the one is named by which the request came', () => {
  const hosts = ['192.0.2.7', '127.0.0.1'];
  expect(chooseHost(hosts, '127.0.0.1')).toBe('127.0.0.1');
  expect(chooseHost(hosts, '::ffff:127.0.0.1')).toBe('127.0.0.1');
  expect(chooseHost(hosts, '10.0.0.1')).toBe('192.0.2.7');
  expect([joinHost('127.0.0.1', 5), joinHost('::1', 5)]).toEqual(['127.0.0.1:5', '[::1]:5']);
});
