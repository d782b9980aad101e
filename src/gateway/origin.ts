// Where a request may come from and which host it was sent to. Pure, any thread; for HTTP and for the WebSocket edges.
// Browsers send Origin and pages can't forge it, so this keeps other sites' pages out; programs send none and pass:
// they hold no player's cookies or storage that a check could protect.

/** @param host the Host header. @param allowOrigins further origins, as `https://host:port`. */
export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowOrigins: readonly string[],
): boolean {
  if (origin === undefined) return true;
  if (allowOrigins.includes(origin)) return true;
  const url = parseUrl(origin);
  if (url === undefined || host === undefined) return false;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
  return url.origin === origin.toLowerCase() && url.host === parseUrl(`${url.protocol}//${host}`)?.host;
}

/** The same machine under whatever port: a page at :8080 connects to its zone at :7777. */
export function isOriginOnHost(
  origin: string | undefined,
  host: string | undefined,
  allowOrigins: readonly string[],
): boolean {
  if (isOriginAllowed(origin, host, allowOrigins)) return true;
  if (origin === undefined) return true;
  const url = parseUrl(origin);
  const name = host === undefined ? undefined : hostName(host);
  return url !== undefined && name !== undefined && /^https?:$/.test(url.protocol) && url.hostname === name;
}

/** Whether what goes there stays on this machine; `address` is an IP address, or localhost. */
export function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, '');
  return plain === 'localhost' || plain === '::1' || /^127(?:\.\d{1,3}){3}$/.test(plain);
}

/** The name or address in a Host header, `[…]` around IPv6 kept; undefined when it is not one. */
export function hostName(host: string): string | undefined {
  if (!/^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/.test(host)) return undefined;
  return parseUrl(`http://${host}`)?.hostname;
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
