// Where Redis is, read from a word that a person typed. Pure.
//
//   redis://[user:password@]host[:port][/database]         one server; rediss:// by TLS, here and below
//   redis+cluster://[user:password@]host:port,host:port    a cluster, found through any of its nodes
//   redis+sentinel://[user:password@]host:port,host:port/name[/database]    whichever the sentinels say is master of it

export interface RedisAddress {
  readonly kind: 'single' | 'cluster' | 'sentinel';
  readonly isTls: boolean;
  /** The server, nodes of the cluster, or sentinels. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** Of sentinels: the name they know the master by. */
  readonly masterName: string;
}

const FORM = /^(rediss?)(?:\+(cluster|sentinel))?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^@/]+)(?:\/(.*))?$/;
const PORTS = { single: 6379, cluster: 6379, sentinel: 26379 };
const DATABASE = /^\d{1,4}$/;

/** Undefined for what is none of these. */
export function readRedisUrl(text: string): RedisAddress | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, scheme, suffix, username, password, list = '', path = ''] = match;
  const kind = (suffix ?? 'single') as RedisAddress['kind'];
  const hosts = list.split(',').map((one) => readHost(one, PORTS[kind]));
  if (hosts.includes(undefined) || (kind === 'single' && hosts.length !== 1)) return undefined;
  const parts = path === '' ? [] : path.split('/');
  const masterName = kind === 'sentinel' ? parts.shift() : '';
  const [database = '0', ...rest] = parts;
  if (masterName === undefined || (masterName === '' && kind === 'sentinel')) return undefined;
  if (rest.length > 0 || !DATABASE.test(database) || (kind === 'cluster' && parts.length > 0)) return undefined;
  const words = [username, password].map(decode);
  if (words.includes(null)) return undefined;
  return {
    kind,
    isTls: scheme === 'rediss',
    hosts: hosts as RedisAddress['hosts'],
    username: words[0] || undefined,
    password: words[1] || undefined,
    database: Number(database),
    masterName,
  };
}

/** Without what must not be seen. */
export function showRedisAddress({ kind, hosts, masterName }: RedisAddress): string {
  const list = hosts.map(({ host, port }) => `${host}:${port}`).join(', ');
  if (kind === 'single') return list;
  return kind === 'cluster' ? `the cluster at ${list}` : `${masterName} of the sentinels at ${list}`;
}

function readHost(text: string, portDefault: number): RedisAddress['hosts'][number] | undefined {
  const [, six, host, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = digits === undefined ? portDefault : Number(digits);
  if ((six ?? host) === undefined || port < 1 || port > 65_535) return undefined;
  return { host: (six ?? host)!, port };
}

/** As in any URL, so that a password may have an @ in it; null for what can't be read. */
function decode(text: string | undefined): string | undefined | null {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return null;
  }
}
