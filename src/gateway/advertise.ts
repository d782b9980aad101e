// The address that players are told to connect to, when it isn't where the edges listen: behind a NAT, or behind a proxy
// that speaks TLS. Pure, main thread.
//
//   host                        ws://host, each edge at its own port
//   host:port                   ws://host, the first edge of zone 1 at that port and the next ones count up
//   ws://host  wss://host:port  the same with the scheme
//   wss://host/zone/{zone}      as it stands, with the zone's number in place of {zone}; which of the zone's edges a
//                               player goes to is then the proxy's choice, unless {edge} stands for its number too

export interface Advertised {
  readonly scheme: 'ws' | 'wss';
  /** With `[…]` around IPv6; undefined where the zone is part of it. */
  readonly host: string | undefined;
  /** Of the first edge of zone 1; undefined: each edge's own. */
  readonly port: number | undefined;
  /** The whole URL with `{zone}` in it. */
  readonly template: string | undefined;
}

const ZONE = '{zone}';
const EDGE = '{edge}';
const PLAIN = /^(?:(wss?):\/\/)?([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?\/?$/;

/** Undefined when the text is no such address. */
export function readAdvertised(text: string): Advertised | undefined {
  if (text.includes(ZONE)) return readTemplate(text);
  // An IPv6 address on its own has colons too, but no port.
  const isBareIpv6 = /^[0-9A-Fa-f.]*(?::[0-9A-Fa-f.]*){2,}$/.test(text);
  const match = PLAIN.exec(isBareIpv6 ? `[${text}]` : text);
  if (match === null) return undefined;
  const [, scheme, host, portText] = match;
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  if (!URL.canParse(`ws://${host}`)) return undefined;
  return { scheme: scheme === 'wss' ? 'wss' : 'ws', host, port, template: undefined };
}

function readTemplate(text: string): Advertised | undefined {
  const [first, second] = [1, 2].map((number) => fill(text, number, number));
  if (!URL.canParse(first!) || !URL.canParse(second!)) return undefined;
  const url = new URL(first!);
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') return undefined;
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return undefined;
  const isInHost = url.hostname !== new URL(second!).hostname;
  return {
    scheme: url.protocol === 'wss:' ? 'wss' : 'ws',
    // With its port: who puts all zones behind one address has the page there too.
    host: isInHost ? undefined : url.host,
    port: undefined,
    template: text,
  };
}

function fill(template: string, zoneId: number, edge: number): string {
  return template.replaceAll(ZONE, String(zoneId)).replaceAll(EDGE, String(edge));
}

/** An edge of a zone, as far as addresses go. */
export interface EdgePlace {
  /** Of those of its kind in the zone, from 1 on. */
  readonly edge: number;
  /** Among those of its kind in the node, from 0 on: zone by zone. */
  readonly place: number;
  /** Where it listens. */
  readonly port: number;
}

export function edgeUrl({ scheme, host, port, template }: Advertised, zoneId: number, at: EdgePlace): string {
  if (template !== undefined) return fill(template, zoneId, at.edge);
  return `${scheme}://${host}:${port === undefined ? at.port : port + at.place}`;
}

/**
 * Where the page is that connects there: the same host at its scheme's usual port. A proxy that passes on another Host
 * header would have the page refused otherwise.
 */
export function advertisedOrigins({ scheme, host }: Advertised): readonly string[] {
  if (host === undefined) return [];
  return [new URL(`${scheme === 'wss' ? 'https' : 'http'}://${host}`).origin];
}
