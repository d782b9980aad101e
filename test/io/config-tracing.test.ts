import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseConfig } from '../../src/io/config.ts';
import { readTracingOptions, tracingSecretsOf } from '../../src/io/config-tracing.ts';

const folder = mkdtempSync(join(tmpdir(), 'darkages-headers-'));
afterAll(() => rmSync(folder, { recursive: true }));

function parse(...argv: string[]) {
  const parsed = parseConfig(argv, {}, '0');
  if ('text' in parsed) throw new Error('text');
  return parsed.config;
}

const at = (endpoint: string, ...argv: string[]) => parse('--otlp-endpoint', endpoint, ...argv);

test('without an endpoint nothing is traced, with one a tenth, or what is said', async () => {
  expect(await readTracingOptions(parse())).toEqual({ endpoint: undefined, headers: {}, percent: 0 });
  const endpoint = 'http://127.0.0.1:4318/v1/traces';
  expect(await readTracingOptions(at('http://127.0.0.1:4318'))).toEqual({ endpoint, headers: {}, percent: 10 });
  expect(await readTracingOptions(at('http://127.0.0.1:4318/', '--trace-percent', '0'))).toMatchObject({ percent: 0 });
  for (const [given, used] of [
    ['https://otlp.example/otlp/', 'https://otlp.example/otlp/v1/traces'],
    ['https://otlp.example/otlp/v1/traces', 'https://otlp.example/otlp/v1/traces'],
  ] as const) {
    expect(await readTracingOptions(at(given, '--trace-percent', '100'))).toMatchObject({
      endpoint: used,
      percent: 100,
    });
  }
});

test('what can not be is said in a sentence, without the login in it', () => {
  const refused = (...argv: string[]) => expect(() => parse(...argv));
  refused('--trace-percent', '10').toThrow('--trace-percent needs --otlp-endpoint, where the traces go.');
  refused('--otlp-headers-file', 'x').toThrow('--otlp-headers-file needs --otlp-endpoint.');
  for (const percent of ['101', '-1', '1.5', 'ten']) {
    refused('--otlp-endpoint', 'http://a:1', '--trace-percent', percent).toThrow('from 0 to 100, or auto');
  }
  for (const url of ['127.0.0.1:4318', 'ftp://a', 'http://u:hunter2@a', 'http://a?key=hunter2', 'http://a#hunter2']) {
    refused('--otlp-endpoint', url).toThrow('--otlp-endpoint must be an http:// or https:// URL');
    refused('--otlp-endpoint', url).not.toThrow('hunter2');
  }
});

test('headers come from a file; what is wrong with it is said without what is in it', async () => {
  const file = join(folder, 'headers');
  const read = async (text: string) => {
    writeFileSync(file, text);
    return (await readTracingOptions(at('http://a:1', '--otlp-headers-file', file))).headers;
  };
  expect(await read('# comment\n\nAuthorization: Bearer abc\r\nx-scope:  one two \n')).toEqual({
    Authorization: 'Bearer abc',
    'x-scope': 'one two',
  });
  for (const text of ['hunter2', 'a b: hunter2', 'a: hunter2\nb: hünter2', `a: ${'hunter2'.repeat(1200)}`]) {
    const error = await read(text).catch((thrown: Error) => thrown.message);
    expect(error).toMatch(/^--otlp-headers-file .*(line \d is no header|more than 8192 bytes)/);
    expect(error).not.toMatch(/h.nter2/);
  }
  const missing = readTracingOptions(at('http://a:1', '--otlp-headers-file', join(folder, 'none')));
  await expect(missing).rejects.toThrow("none can't be read (ENOENT).");
});

test('what the log must not say: values of headers, a token also on its own', () => {
  const headers = { Authorization: 'Bearer abcdef', 'x-key': 'hunter2' };
  const secrets = tracingSecretsOf({ endpoint: 'http://a:1', headers, percent: 10 });
  expect(new Set(secrets)).toEqual(new Set(['Bearer abcdef', 'abcdef', 'hunter2']));
});
