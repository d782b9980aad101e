// What an option is made of, and the forms that several of them have. Main thread, at start.

import { isIPv6 } from 'node:net';
import { z } from 'zod';

/** One option: its flag, its environment variable, its line of help. */
export interface OptionRow {
  readonly key: string;
  readonly argument: string;
  readonly default: string;
  /** Shown instead of the default. */
  readonly defaultText?: string;
  readonly help: string;
  /** The flag alone means yes. */
  readonly isSwitch?: boolean;
  readonly schema: z.ZodType<unknown>;
  /** What was given is not repeated in messages. */
  readonly isSecret?: boolean;
}

/** What a value must be, as the end of the sentence "--flag must be …". */
export const wholeNumber = (min: number, max: number) => {
  const must = `a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,10}$/, must)
    .transform(Number)
    .pipe(z.number().min(min, must).max(max, must));
};
export const numberOr = (word: string, min: number, max: number, what = 'a whole number') => {
  const must = `${what} from ${min} to ${max}, or ${word}`;
  return z
    .string()
    .refine((text) => text === word || /^\d{1,10}$/.test(text), must)
    .transform((text) => (text === word ? undefined : Number(text)))
    .pipe(z.number().min(min, must).max(max, must).optional());
};
export const isHost = (text: string) => /^[A-Za-z0-9.-]{1,253}$/.test(text) || isIPv6(text);
export const hostText = z.string().refine(isHost, 'a host name or an IP address, without a port');
export const isHostAndPort = (text: string) => {
  const [, host = '', port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  return isHost(host.replace(/^\[|\]$/g, '')) && Number(port) > 0 && Number(port) < 65_536;
};
export const yesOrNo = z.enum(['yes', 'no'], 'yes or no').transform((text) => text === 'yes');

export function splitWords(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}
