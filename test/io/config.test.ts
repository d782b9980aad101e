import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/io/config.ts';

type Environment = Record<string, string | undefined>;

function config(argv: readonly string[], environment: Environment = {}) {
  const result = parseConfig(argv, environment, '1.2.3');
  if ('text' in result) throw new Error(result.text);
  return result.config;
}

function text(argv: readonly string[]): string {
  const result = parseConfig(argv, {}, '1.2.3');
  return 'text' in result ? result.text : '';
}

const FLAGS =
  'zones edges http-port https-port tls-cert tls-key require-pq allow-plain-http token-key-file connect-key-file production spare port ws udp bandwidth-mbit data host advertise advertise-udp rendezvous rendezvous-key-file store redis-url redis-password-file scylla-contact-points scylla-user scylla-password-file scylla-replicas store-name game seed allow-origin trust-proxy sessions-per-minute players-per-address log-level log-file log-file-mb log-total-mb otlp-endpoint otlp-headers-file trace-percent'.split(
    ' ',
  );

describe('configuration', () => {
  test('has a default for everything', () => {
    expect(config([])).toEqual({
      zones: 1,
      edges: 1,
      httpPort: 8080,
      httpsPort: undefined,
      tlsCert: '',
      tlsKey: '',
      requirePq: false,
      allowPlainHttp: false,
      tokenKeyFile: '',
      connectKeyFile: '',
      production: false,
      spare: false,
      port: 7777,
      ws: 'auto',
      udp: 'auto',
      bandwidthMbit: undefined,
      data: expect.stringMatching(/[\\/]data$/),
      host: '127.0.0.1',
      advertise: undefined,
      advertiseUdp: '',
      rendezvous: '',
      rendezvousKeyFile: '',
      store: 'embedded',
      redisUrl: undefined,
      redisPasswordFile: '',
      scyllaContactPoints: [],
      scyllaUser: '',
      scyllaPasswordFile: '',
      scyllaReplicas: undefined,
      storeName: 'darkages',
      gameUrl: expect.stringMatching(/^file:.*\/src\/game\/game\.ts$/),
      seed: undefined,
      allowOrigin: [],
      trustProxy: false,
      sessionsPerMinute: 600,
      playersPerAddress: undefined,
      logLevel: 'info',
      logFile: '',
      logFileMb: 100,
      logTotalMb: 2000,
      otlpEndpoint: '',
      otlpHeadersFile: '',
      tracePercent: undefined,
    });
  });

  test('comes from flags, from the environment, and a flag wins', () => {
    const environment = {
      DARKAGES_HTTP_PORT: '9000',
      DARKAGES_ZONES: '3',
      DARKAGES_ALLOW_ORIGIN: 'https://a.org, http://b',
    };
    expect(config(['--zones', '2'], environment)).toMatchObject({
      zones: 2,
      httpPort: 9000,
      allowOrigin: ['https://a.org', 'http://b'],
    });
    expect(config(['--allow-origin', 'https://c.org', 'http://d:1'], environment).allowOrigin).toEqual([
      'https://c.org',
      'http://d:1',
    ]);
    expect(config([], { DARKAGES_ZONES: '' }).zones).toBe(1);
    expect(config(['--advertise', 'play.example.org', '--host', '::1'])).toMatchObject({
      advertise: { scheme: 'ws', host: 'play.example.org' },
      host: '::1',
    });
  });

  test('a page behind the advertised proxy is no stranger', () => {
    const argv = ['--advertise', 'wss://play.example.org/zone/{zone}', '--allow-origin', 'https://a.org'];
    expect(config(argv).allowOrigin).toEqual(['https://a.org', 'https://play.example.org']);
  });

  test('a proxy is trusted by the flag alone, or by a variable', () => {
    expect(config(['--trust-proxy']).trustProxy).toBe(true);
    expect(config(['--trust-proxy', 'no'], { DARKAGES_TRUST_PROXY: 'yes' }).trustProxy).toBe(false);
    expect(config([], { DARKAGES_TRUST_PROXY: 'yes' }).trustProxy).toBe(true);
  });

  test('TLS is off, or has a port, and a certificate of its own or the operator’s', () => {
    expect(config(['--https-port', '8443', '--require-pq'])).toMatchObject({ httpsPort: 8443, requirePq: true });
    expect(config(['--https-port', 'off']).httpsPort).toBeUndefined();
    const files = ['--tls-cert', 'cert.pem', '--tls-key', 'key.pem'];
    expect(config(['--https-port', '0', '--http-port', '0', '--production', ...files])).toMatchObject({
      httpsPort: 0,
      tlsCert: 'cert.pem',
      tlsKey: 'key.pem',
      production: true,
    });
  });

  test('port 0 is any free port and collides with nothing', () => {
    expect(config(['--port', '0', '--http-port', '0', '--zones', '16'])).toMatchObject({ port: 0, httpPort: 0 });
  });

  test.each<[string, Environment, RegExp]>([
    ['--zones 0', {}, /^--zones must be a whole number from 1 to 16, not "0"\.$/],
    ['--zones 17', {}, /^--zones must be/],
    ['--zones 1.5', {}, /^--zones must be/],
    ['--zones=-1', {}, /^--zones must be/],
    ['--zones 0x2', {}, /^--zones must be/],
    ['--bandwidth-mbit 0', {}, /^--bandwidth-mbit must be a whole number from 1 to 100000, or off/],
    ['--port 65536', {}, /^--port must be a whole number from 0 to 65535/],
    ['--http-port x', {}, /^--http-port must be/],
    ['', { DARKAGES_HTTP_PORT: 'tcp://10.0.0.1:80' }, /^DARKAGES_HTTP_PORT must be .* not "tcp/],
    ['--store redis', {}, /^--store must be embedded or redis\+scylla, not "redis"\.$/],
    ['--host 127.0.0.1:80', {}, /^--host must be a host name or an IP address, without a port/],
    ['--advertise http://x', {}, /^--advertise must be a host, host:port or ws/],
    ['--advertise wss://x/path', {}, /^--advertise must be .* with a path only if {zone} is in it/],
    ['--advertise wss://x:65535 --zones 2', {}, /^2 zones from the port of --advertise on need ports up to 65536/],
    ['--trust-proxy maybe', {}, /^--trust-proxy must be yes or no/],
    ['--allow-origin example.org', {}, /^--allow-origin must be web origins/],
    ['--allow-origin https://a.org/path', {}, /^--allow-origin must be web origins/],
    ['--allow-origin *', {}, /^--allow-origin must be web origins/],
    ['--log-level loud', {}, /^--log-level must be one of debug/],
    ['--seed 4294967296', {}, /^--seed must be/],
    ['--http-port 7777', {}, /^--http-port 7777 is one of the zones' ports 7777 to 7777/],
    ['--http-port 7779 --zones 3', {}, /^--http-port 7779 is one of/],
    ['--https-port 7778 --zones 2', {}, /^--https-port 7778 is one of the zones' ports 7777 to 7778/],
    ['--https-port 8080', {}, /^--http-port and --https-port are both 8080\.$/],
    ['--https-port x', {}, /^--https-port must be a port from 0 to 65535, or off, not "x"/],
    ['--https-port 65536', {}, /^--https-port must be/],
    ['--tls-cert a.pem', {}, /^--tls-cert and --tls-key go together\.$/],
    ['--tls-cert a.pem --tls-key b.pem', {}, /^--tls-cert needs --https-port\.$/],
    ['--require-pq', {}, /^--require-pq needs --https-port\.$/],
    ['--ws fast', {}, /^--ws must be auto, ws or uws/],
    ['--ws uws --https-port 8443', {}, /^--ws uws takes no TLS beside plain connections/],
    ['--production --https-port 8443', {}, /^--production needs --tls-cert and --tls-key/],
    ['--edges 5', {}, /^--edges must be a whole number from 1 to 4, not "5"/],
    ['--http-port 7780 --zones 2 --edges 2', {}, /^--http-port 7780 is one of the zones' ports 7777 to 7780/],
    ['--advertise wss://x:65533 --zones 2 --edges 2', {}, /^2 zones of 2 edges from the port of --advertise .* 65536/],
    ['--port 65533 --zones 1 --edges 4', {}, /^1 zones of 4 edges from --port 65533 on need ports up to 65536/],
    ['--port 65530 --zones 7', {}, /^7 zones from --port 65530 on need ports up to 65536/],
    ['--zones', {}, /argument missing/],
    ['extra', {}, /too many arguments/],
  ])('%s with %j is one sentence', (argv, environment, sentence) => {
    const words = argv.split(' ').filter((word) => word !== '');
    const refusal = expect.objectContaining({
      code: 'DARKAGES_CONFIG_INVALID',
      message: expect.stringMatching(sentence),
    });
    expect(() => config(words, environment)).toThrow(refusal);
  });

  test('an unknown flag is named, with the nearest known one', () => {
    const message = expect.stringMatching(/^unknown option '--zone' .*--zones.*--help lists the flags\.$/);
    const refusal = expect.objectContaining({ code: 'DARKAGES_CONFIG_UNKNOWN_FLAG', message });
    expect(() => config(['--zone', '1'])).toThrow(refusal);
  });

  test('--help explains each flag with its default and variable, --version says the version', () => {
    const help = text(['--help']).replace(/\s+/g, ' ');
    for (const flag of FLAGS) {
      expect(help).toMatch(new RegExp(`--${flag} [<[]`));
      expect(help).toContain(`DARKAGES_${flag.replaceAll('-', '_').toUpperCase()}`);
    }
    expect(help.match(/default: /g)).toHaveLength(FLAGS.length);
    expect(text(['--version'])).toBe('1.2.3\n');
  });
});
