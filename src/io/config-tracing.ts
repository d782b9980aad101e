// The flags of traces, and what they must be together. Main thread, at start.

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { errorCode, ServerError } from '../base/errors.ts';
import { numberOr, type OptionRow } from './config-rows.ts';

export interface TracingConfig {
  /** URL of an OTLP receiver; '': none, and no traces. */
  readonly otlpEndpoint: string;
  /** '': none. */
  readonly otlpHeadersFile: string;
  /** At the start; undefined: the usual one where there is an endpoint. */
  readonly tracePercent: number | undefined;
}

const PERCENT_DEFAULT = 10;
const HEADERS_BYTES_MAX = 8192;
const HEADER = /^([A-Za-z0-9!#$%&'*+.^_`|~-]{1,64})\s*:\s*([\x20-\x7e]{1,4096})$/;

const isEndpoint = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, search, hash, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && search + hash + username + password === '';
};

export const TRACING_OPTIONS: readonly OptionRow[] = [
  {
    key: 'otlpEndpoint',
    argument: 'URL',
    default: '',
    defaultText: 'no traces',
    help: 'receiver of traces by OTLP over HTTP, such as http://127.0.0.1:4318; /v1/traces is added',
    // A login in it is what the message must not repeat.
    isSecret: true,
    schema: z
      .string()
      .refine(
        (text) => text === '' || isEndpoint(text),
        'an http:// or https:// URL without a query or a login; --otlp-headers-file takes tokens',
      ),
  },
  {
    key: 'otlpHeadersFile',
    argument: 'FILE',
    default: '',
    defaultText: 'none',
    help: 'headers for that receiver, each a line such as Authorization: Bearer …',
    schema: z.string(),
  },
  {
    key: 'tracePercent',
    argument: 'N',
    default: 'auto',
    help: `share of sessions and commands that are traced; auto: ${PERCENT_DEFAULT} with --otlp-endpoint; docs/traces.md`,
    schema: numberOr('auto', 0, 100),
  },
];

/** Throws ServerError DARKAGES_CONFIG_INVALID with a sentence. */
export function checkTracing({ otlpEndpoint, otlpHeadersFile, tracePercent = 0 }: TracingConfig): void {
  if (otlpEndpoint !== '') return;
  if (otlpHeadersFile !== '') throw invalid('--otlp-headers-file needs --otlp-endpoint.');
  if (tracePercent > 0) throw invalid('--trace-percent needs --otlp-endpoint, where the traces go.');
}

export interface TracingOptions {
  /** With its path; undefined: no traces. */
  readonly endpoint: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly percent: number;
}

/** Throws ServerError DARKAGES_CONFIG_INVALID with a sentence. */
export async function readTracingOptions(config: TracingConfig): Promise<TracingOptions> {
  const { otlpEndpoint, otlpHeadersFile, tracePercent } = config;
  if (otlpEndpoint === '') return { endpoint: undefined, headers: {}, percent: 0 };
  const base = otlpEndpoint.replace(/\/+$/, '');
  return {
    endpoint: base.endsWith('/v1/traces') ? base : `${base}/v1/traces`,
    headers: otlpHeadersFile === '' ? {} : await readHeaders(otlpHeadersFile),
    percent: tracePercent ?? PERCENT_DEFAULT,
  };
}

/** What a line of the log must not say: the headers, and without the word before them. */
export function tracingSecretsOf({ headers }: TracingOptions): readonly string[] {
  return Object.values(headers).flatMap((value) => [value, value.replace(/^\S+\s+/, '')]);
}

/** What is in the file is in no message. */
async function readHeaders(file: string): Promise<Record<string, string>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw invalid(`--otlp-headers-file ${file} can't be read (${errorCode(error) ?? 'unknown reason'}).`);
  }
  if (text.length > HEADERS_BYTES_MAX) {
    throw invalid(`--otlp-headers-file ${file} has more than ${HEADERS_BYTES_MAX} bytes.`);
  }
  const headers: Record<string, string> = {};
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name, value] = HEADER.exec(line.trim()) ?? [];
    if (name === undefined || value === undefined) {
      throw invalid(`--otlp-headers-file ${file}: line ${index + 1} is no header such as Authorization: Bearer ….`);
    }
    headers[name] = value;
  }
  return headers;
}

function invalid(text: string): ServerError {
  return new ServerError('DARKAGES_CONFIG_INVALID', text);
}
