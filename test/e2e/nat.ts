// Two private networks, each behind a NAT as homes have it, and a public one between them, of network namespaces; all of
// it is gone when the test's process is. Root on Linux.
//
//   server 10.7.1.2 ── NAT 192.0.2.11 ──┬── NAT 192.0.2.12 ── client 10.7.2.2
//                                       └── public 192.0.2.1

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { isRunning } from './server.ts';

export const PUBLIC_ADDRESS = '192.0.2.1';
/** Of the NAT before the server; TCP to the forwarded ports goes on to the server, UDP doesn't. */
export const SERVER_ADDRESS = '192.0.2.11';
const CLIENT_ADDRESS = '192.0.2.12';

export type Place = 'public' | 'server' | 'client';

export interface NatWorld {
  /** A process of this Node in one of the places. Its output is piped. */
  spawnNode(place: Place, args: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
  /** Ends the processes and takes down the networks. */
  remove(): Promise<void>;
}

/**
 * What is new and comes from outside is dropped before anything is noted of it: else the note would take the port that
 * an answer of the inside needs.
 */
function natRules(inside: string, forwardedTcp: readonly number[]): string {
  const forward = forwardedTcp.map((port) => `iifname "wan" tcp dport ${port} dnat to ${inside}`);
  return `table ip nat {
    chain before { type nat hook prerouting priority -100;
      ${forward.join('\n')}
    }
    chain after { type nat hook postrouting priority 100;
      oifname "wan" masquerade
    }
  }
  table ip filter {
    chain in { type filter hook input priority 0;
      iifname "wan" ct state new drop
    }
    chain through { type filter hook forward priority 0; policy drop;
      ct state established,related accept
      ct status dnat accept
      iifname "lan" accept
    }
  }
`;
}

function run(command: string, args: readonly string[], input = ''): void {
  const { status, stderr } = spawnSync(command, args, { input });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr.toString()}`);
}

const ip = (line: string): void => run('ip', line.split(' '));

/** @param forwardedTcp ports of the server that the world reaches, as one opens them in a router. */
export function createNatWorld(forwardedTcp: readonly number[]): NatWorld {
  const prefix = `da${process.pid}`;
  const names = ['public', 'server', 'client', 'natserver', 'natclient'].map((place) => `${prefix}${place}`);
  const children = new Set<ChildProcess>();
  const removeNetworks = (): void => {
    for (const child of children) child.kill('SIGKILL');
    for (const name of names) spawnSync('ip', ['netns', 'del', name]);
  };
  process.once('exit', removeNetworks);
  removeOrphans();
  for (const name of names) {
    ip(`netns add ${name}`);
    ip(`-n ${name} link set lo up`);
  }
  ip(`-n ${prefix}public link add bridge type bridge`);
  ip(`-n ${prefix}public addr add ${PUBLIC_ADDRESS}/24 dev bridge`);
  ip(`-n ${prefix}public link set bridge up`);
  addHome(prefix, 'server', '10.7.1', SERVER_ADDRESS, forwardedTcp);
  addHome(prefix, 'client', '10.7.2', CLIENT_ADDRESS, []);
  return {
    spawnNode(place, args, env = {}) {
      const command = ['netns', 'exec', `${prefix}${place}`, process.execPath, ...args];
      const child = spawn('ip', command, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NODE_OPTIONS: '', ...env },
      });
      children.add(child);
      child.once('close', () => children.delete(child));
      return child;
    },
    async remove() {
      const ended = [...children].map((child) => new Promise((resolve) => child.once('close', resolve)));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ended);
      removeNetworks();
      process.off('exit', removeNetworks);
    },
  };
}

/** Networks of test processes that were killed before they could take them down. */
function removeOrphans(): void {
  const names = spawnSync('ip', ['netns', 'list'])
    .stdout.toString()
    .matchAll(/^(da(\d+)(?:nat)?[a-z]+)/gm);
  for (const [, name, pid] of names) if (!isRunning(Number(pid))) ip(`netns del ${name}`);
}

/** A machine, and the NAT that it has to the public network. */
function addHome(prefix: string, place: string, net: string, address: string, forwardedTcp: readonly number[]): void {
  const [machine, nat, world] = [`${prefix}${place}`, `${prefix}nat${place}`, `${prefix}public`];
  ip(`-n ${machine} link add net type veth peer name lan netns ${nat}`);
  ip(`-n ${nat} link add wan type veth peer name ${place} netns ${world}`);
  ip(`-n ${world} link set ${place} master bridge`);
  for (const [name, link] of [[machine, 'net'] as const, [nat, 'lan'] as const, [nat, 'wan'] as const]) {
    ip(`-n ${name} link set ${link} up`);
  }
  ip(`-n ${world} link set ${place} up`);
  ip(`-n ${machine} addr add ${net}.2/24 dev net`);
  ip(`-n ${nat} addr add ${net}.1/24 dev lan`);
  ip(`-n ${nat} addr add ${address}/24 dev wan`);
  ip(`-n ${machine} route add default via ${net}.1`);
  run('ip', ['netns', 'exec', nat, 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  run('ip', ['netns', 'exec', nat, 'nft', '-f', '-'], natRules(`${net}.2`, forwardedTcp));
}
