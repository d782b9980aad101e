// Connect tokens of netcode 1.02 for players who were let in by POST /v1/session, and under which addresses this node
// is named in them. Main thread. The edges take only tokens that name one of these addresses.

import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { ServerError } from '../base/errors.ts';
import { TOKEN_LIFETIME_S } from '../base/limits.ts';
import { type Address, parseAddress } from '../transport/address.ts';
import type { Aead } from '../transport/aead.ts';
import { FEATURE_REKEY, mintToken } from '../transport/token.ts';

/** "DARKAGES": tells its packets from those of other programs that speak netcode. */
export const PROTOCOL_ID = 0x4441_524b_4147_4553n;
/** Silence after which either side takes the other for gone. */
const TIMEOUT_S = 10;

/** @param host an IP address. */
export type MintConnectToken = (
  playerId: number,
  host: string,
  port: number,
  nowS: number,
  /** Where the world sees a server behind a NAT; tried first. */
  publicAddress?: Address,
) => Uint8Array;

export function createConnectTokens(aead: Aead, key: Uint8Array): MintConnectToken {
  return (playerId, host, port, nowS, publicAddress) => {
    const address = parseAddress(joinHost(host, port));
    if (address === undefined) throw new Error(`tokens name IP addresses, and ${host} is none`);
    return mintToken(aead, key, {
      protocolId: PROTOCOL_ID,
      clientId: BigInt(playerId),
      createdS: Math.floor(nowS),
      expiresS: Math.floor(nowS) + TOKEN_LIFETIME_S,
      timeoutS: TIMEOUT_S,
      addresses: publicAddress === undefined ? [address] : [publicAddress, address],
      features: FEATURE_REKEY,
    });
  };
}

/** An IP address and a port as `parseAddress` takes them. */
export function joinHost(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export interface HostOptions {
  /** Where the edges listen. */
  readonly host: string;
  readonly advertiseUdp: string;
  /** Of --advertise: where WebSockets go, which is good for UDP too if it has an IP address. */
  readonly advertisedHost: string | undefined;
}

/**
 * IP addresses at which clients may reach this node by UDP, the first one for those who say nothing better; none when
 * all that is known is a name that means nothing here. Throws a ServerError when a flag names such a one itself.
 */
export async function findPublicHosts(options: HostOptions): Promise<readonly string[]> {
  const { host: listenHost, advertiseUdp, advertisedHost } = options;
  if (advertiseUdp !== '') return [await resolve(advertiseUdp, '--advertise-udp')];
  if (advertisedHost !== undefined) {
    const { hostname } = new URL(`udp://${advertisedHost}`);
    return resolve(hostname, '--advertise').then(
      (host) => [host],
      () => [],
    );
  }
  if (listenHost !== '0.0.0.0' && listenHost !== '::') return [await resolve(listenHost, '--host')];
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const isIpv6Too = listenHost === '::';
  const usable = all.filter(({ family, address }) => family === 'IPv4' || (isIpv6Too && !address.startsWith('fe80')));
  const hosts = usable.toSorted((a, b) => Number(a.internal) - Number(b.internal)).map(({ address }) => address);
  // No token has room for more, and a node with more addresses says which one is meant by --advertise.
  return hosts.slice(0, 32);
}

async function resolve(host: string, flag: string): Promise<string> {
  try {
    return (await lookup(host.replace(/^\[|\]$/g, ''))).address;
  } catch (error) {
    throw new ServerError('DARKAGES_CONFIG_INVALID', `${flag} names ${host}, which has no IP address.`, {
      cause: error,
    });
  }
}

/** Of the node's addresses the one by which a request came here, else the first. */
export function chooseHost(publicHosts: readonly string[], localAddress: string): string {
  const plain = localAddress.replace(/^::ffff:/i, '');
  return publicHosts.includes(plain) ? plain : publicHosts[0]!;
}
