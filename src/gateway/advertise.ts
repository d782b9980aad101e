// The address that players are told to connect to, when it isn't where the edges listen: behind a NAT, or behind a proxy
// that speaks TLS. Pure, main thread.
//
//   host                        ws://host, each zone at the port of its edge
//   host:port                   ws://host, zone 1 at that port and the next ones count up
//   ws://host  wss://host:port  the same with the scheme
//   wss://host/zone/{zone}      as it stands, with the zone's number in place of {zone}

export interface Advertised {
  readonly scheme: 'ws' | 'wss';
  /** With `[…]` around IPv6; undefined where the zone is part of it. */
  readonly host: string | undefined;
  /** Of zone 1; undefined: each zone's own. */
  readonly port: number | undefined;
  /** The whole URL with `{zone}` in it. */
  readonly template: string | undefined;
}

const ZONE = '{zone}';
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
  const [first, second] = ['1', '2'].map((zone) => text.replaceAll(ZONE, zone));
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

/** @param edgePort where the zone's edge listens. */
export function zoneUrl({ scheme, host, port, template }: Advertised, zoneId: number, edgePort: number): string {
  if (template !== undefined) return template.replaceAll(ZONE, String(zoneId));
  return `${scheme}://${host}:${port === undefined ? edgePort : port + zoneId - 1}`;
}

/**
 * Where the page is that connects there: the same host at its scheme's usual port. A proxy that passes on another Host
 * header would have the page refused otherwise.
 */
export function advertisedOrigins({ scheme, host }: Advertised): readonly string[] {
  if (host === undefined) return [];
  return [new URL(`${scheme === 'wss' ? 'https' : 'http'}://${host}`).origin];
}
