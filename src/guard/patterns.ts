// Links, markup and injections by their looks. Any thread; pure. Nothing here is what keeps the server safe: values
// reach the database as parameters, clients as protobuf and the page as textContent, so any text is inert everywhere
// (test/e2e/hostile-text.test.ts). It keeps players from being lured, and tools that others build on logs from harm.
// Every pattern is linear: no repetition within a repetition, and what may repeat is bounded.

import { DOMAINS, SPELT_DOMAINS } from './words.ts';

/** Behind `select … from`, and in between: with one of them it is English. */
const DETERMINERS =
  'the|an?|my|your|his|her|its|our|their|this|that|these|those|here|there|each|every|all|any|both|one|some|it|them|' +
  'you|me|us|among|below|above|left|right|what|which|whatever|within';
const SQL_COLUMNS =
  'names?|passwords?|passwd|pass|pwd|e?mails?|logins?|user_?names?|user_?ids?|ids?|hash|token|secret|count|version';
const SQL_TABLES =
  'users?|accounts?|players|characters|ledger|sessions|dual|information_schema|pg_\\w{1,32}|sqlite_\\w{1,32}|system\\w{0,32}';

const LINKS: readonly RegExp[] = [
  /\b[a-z][a-z0-9+.-]{1,15}:\/\//i,
  /\bwww\s?\.\s?\w/i,
  /\b(?:https?|hxxps?|mailto|magnet|tel|file|ftp)\s?:\s?\S/i,
  // Bullets only without blanks: with them they part words.
  new RegExp(`[^\\s.][.\u2022\u25cf\u25e6](?:${DOMAINS.join('|')})(?![\\w-])`, 'i'),
  // evil . com, evil(.)com, evil[dot]com, evil dot com
  new RegExp(`[^\\s.]\\s{0,3}[([{]\\s?\\.\\s?[)\\]}]\\s{0,3}(?:${DOMAINS.join('|')})\\b`, 'i'),
  new RegExp(`[^\\s.]\\s{1,3}\\.\\s{0,3}(?:${SPELT_DOMAINS.join('|')})\\b`, 'i'),
  /[^\s.]\.\s{1,3}com\b/i,
  new RegExp(
    `[^\\s.]\\s?[([{<*_-]?\\s?(?:d[o0]t|punkt|punto|точка)\\s?[)\\]}>*_-]?\\s?(?:${SPELT_DOMAINS.join('|')})\\b`,
    'i',
  ),
  // evil . c o m, evil dot c.o.m; of two letters only `g g` would be left
  new RegExp(
    `[^\\s.]\\s{0,3}(?:\\.|\\bd[o0]t\\b)\\s{0,3}(?:${SPELT_DOMAINS.filter(({ length }) => length > 2)
      .map((ending) => [...ending].join('[\\s._-]{1,2}'))
      .join('|')})(?!\\w)`,
    'i',
  ),
  /(?<![\d.])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![\d.])/,
  /\bdiscord\s?[./]\s?\w/i,
  // What says "good game" on discord goes on with a word like these, an invitation with a code.
  /\bdiscord\s{1,3}gg(?:\/|\s{1,3}(?!(?:wp|all|guys|ez|every\w{1,4}|team|and|or|to|too|see|for|well|bye|next|you|u|now|then|lol|x?d|ha\w{0,9})\b))\w/i,
];

const MARKUP: readonly RegExp[] = [
  /<[a-z!?/]/i,
  /&#(?:x[0-9a-f]{1,8}|\d{1,8})(?:;|\b)/i,
  /&(?:lt|gt|amp|quot|apos|nbsp|colon|sol|lpar|rpar|tab|newline|lbrace|rbrace|num|grave|semi|excl|equals);/i,
  /\[[^\]]{0,256}\]\s?\([^)]{0,256}\)/,
  /^\s?\[[^\]]{1,64}\]:\s?\S/,
  /\[\/?(?:url|img|link|code|color|size|font|iframe|script)(?:=[^\]]{0,128})?\]/i,
];

const INJECTIONS: readonly RegExp[] = [
  // SQL and CQL
  /['"`)]\s{0,3}(?:or|and|\|\||&&)\s{1,3}(?:['"(]?\w{1,16}['")]?|''|"")\s{0,3}(?:=|<|>|like\b)/i,
  // 1 or 1=1, and 'a'='a'; 1' or '1, but 'yes' or 'no'
  /\b(?:or|and)\s{1,3}(['"]?)(\w{1,16})\1\s{0,3}=\s{0,3}\1\2(?!\w)/i,
  /\b(?:or|and)\s{1,3}\d{1,9}\s{0,3}[<>=]\s{0,3}\d{1,9}\s{0,3}(?:;|--|#)/i,
  /^[^'"]{0,256}(['"])\s{0,3}(?:or|and)\s{1,3}\1\w{1,16}$/i,
  /['"`)\d]\s{0,3}(?:--|#)(?:\s|$|-)/,
  /\bunion\s{1,3}(?:all\s{1,3}|distinct\s{1,3})?select\b/i,
  /\bselect\s{1,3}(?:\*|@@\w{1,32}|\w{1,32}\([^)]{0,64}\)|\w{1,32}(?:\s{0,2},\s{0,2}\w{1,32}){1,8})\s{0,3}(?:from\b|;|--|$)/i,
  /\bselect\s{1,3}\w{1,32}\s{1,3}from\s{1,3}\w{1,32}\s{0,3}(?:where\b|limit\b|;|--)/i,
  /\bSELECT\s{1,3}\w{1,32}\s{1,3}FROM\s{1,3}\w/,
  new RegExp(
    `\\bselect\\s{1,3}(?:(?:${SQL_COLUMNS})\\s{1,3}from\\s{1,3}(?!(?:${DETERMINERS})\\b)\\w|` +
      `(?!(?:${DETERMINERS})\\b)\\w{1,32}\\s{1,3}from\\s{1,3}(?:${SQL_TABLES})\\b)`,
    'i',
  ),
  /^truncate\s{1,3}(?!(?:it|this|that|them|me|us)\b)\w{1,48}\s?;?$|\btruncate\s{1,3}\w{1,48}\s?(?:;|--)|\bTRUNCATE\s{1,3}[a-z]\w{0,48}\b/,
  /[;'")]\s{0,3}(?:drop|alter|create|truncate|insert|delete|update|exec|shutdown|grant)\b/i,
  /\b(?:drop|truncate|alter|create)\s{1,3}(?:table|keyspace|database|schema|columnfamily|materialized view)\s{1,3}(?:if\s|["'`]?\w{1,48}["'`.]?\w{0,48}\s{0,3}(?:;|--|$|with\b|cascade\b))/i,
  /\binsert\s{1,3}into\s{1,3}["'`]?\w{1,48}["'`]?\s{0,3}(?:\(|values\b|json\b)/i,
  /\bdelete\s{1,3}from\s{1,3}["'`]?\w{1,48}["'`]?\s{0,3}(?:;|where\b|--|$)/i,
  /\bupdate\s{1,3}\w{1,48}\s{1,3}set\s{1,3}\w{1,48}\s{0,3}=/i,
  /\b(?:sleep|benchmark|pg_sleep|load_file|extractvalue|xp_cmdshell|char|concat)\s?\(\s?['"\d]/i,
  /\bwaitfor\s{1,3}delay\b/i,
  /\ballow\s{1,3}filtering\b|\b(?:begin|apply)\s{1,3}batch\b|\busing\s{1,3}(?:ttl|timestamp)\s{1,3}\d/i,
  /\/\*[^*]{0,128}\*\//,
  // MongoDB and other documents
  /\$(?:where|ne|gt|gte|lt|lte|regex|in|nin|or|and|exists|eval)["']?\s?:/i,
  // Redis
  /\b(?:flushall|flushdb|slaveof|replicaof|evalsha|bgrewriteaof)\b/i,
  // Commands that are no words of ours; alone, or with what belongs to them, where they are.
  /\b(?:[lr]pushx?|[lr]pop|b[lr]pop|rpoplpush|lrange|ltrim|lrem|llen|hm?set|hm?get|hgetall|hdel|hkeys|hvals|sadd|srem|smembers|zadd|zrem|zrange\w{0,12}|setex|setnx|psetex|getset|getdel|m[sg]et|incrby|decrby|p?expireat|pexpire|renamenx|xadd|xread|pfadd|psubscribe|bgsave|randomkey)\s{1,3}[\w:.*"']/i,
  /^(?:MONITOR|SHUTDOWN|BGSAVE|DBSIZE|RANDOMKEY|LASTSAVE);?$/,
  /\bshutdown\s{1,3}(?:nosave|save|abort)\b|\bkeys\s{1,3}(?:\w{1,32}:)?\*(?:\s|$)/i,
  /\bSET\s{1,3}(?=\S{0,32}[a-z\d:])\S{1,32}\s{1,3}\S{1,32}\s{1,3}(?:GET|SET|DEL|INCR|DECR|KEYS|AUTH|EXEC)\s{1,3}\S/,
  /\bconfig\s{1,3}(?:set|rewrite|resetstat|get)\s{1,3}(?:\w{1,32}|\*)(?:\s|$)/i,
  /\beval\s{1,3}["'][^"']{0,128}["']\s{1,3}\d/i,
  /\b(?:script\s{1,3}(?:flush|kill|load)|debug\s{1,3}(?:sleep|segfault)|client\s{1,3}(?:kill|pause)|module\s{1,3}load)\b/i,
  /\*\d{1,4}\s?(?:\\r\\n|\s)\s?\$\d{1,6}/,
  // Shell and paths
  /\$\(|\$\{|`[^`]{1,128}`/,
  /(?:;|&&|\|\|?)\s?(?:rm|cat|ls|sh|bash|zsh|curl|wget|nc|ncat|python\d?|perl|node|php|powershell|cmd|whoami|id|sudo|reboot|shutdown|kill)\b/i,
  /\brm\s{1,3}-[rf]{1,2}\b|\/etc\/(?:passwd|shadow)|\/dev\/(?:tcp|null)|\bc:\\windows/i,
  /\.\.[/\\]/,
  // Scripts and templates
  /\b(?:javascript|vbscript|livescript)\s?:|\bdata\s?:\s?(?:text|image|application)\//i,
  /\bon(?:error|load|click|mouse\w{2,8}|focus|toggle|start|begin|animation\w{3,9})\s?=/i,
  /\b(?:document|window|globalthis|localstorage|process)\s?(?:\.|\[)\s?["']?(?:cookie|location|domain|env|exit|write|top|alert|eval|mainmodule|getitem)/i,
  /\b(?:eval|alert|prompt|confirm|settimeout|setinterval|fetch|require|import|function|atob)\s?\(\s?(?:['"`\d)]|document|window|location)/i,
  /__(?:proto|defineGetter|defineSetter|class|globals|import)__|\bconstructor\s?(?:\.|\[|["']?\s?:)\s?["']?(?:prototype|constructor|\{)/i,
  /\{\{|\{%|#\{|\$\{|<%|<\?(?:php|xml|=)/i,
  /\bexpression\s?\(|@import\b|\burl\s?\(\s?['"]?\w/i,
  /%[ns]%[ns]|%\d{1,4}\$[nsx]/i,
];

const ESCAPE = /%([0-7][0-9a-f])|\\u\{?0{0,4}([0-7][0-9a-f])\}?|\\x([0-7][0-9a-f])/gi;

/** Written in escapes: what it would be once somebody decodes it, thrice at most. */
function decodeEscapes(text: string): string {
  if (text.search(ESCAPE) < 0) return text;
  let decoded = text;
  for (let round = 0; round < 3; round++) {
    const before = decoded;
    decoded = before.replace(ESCAPE, (_, percent?: string, unicode?: string, hex?: string) =>
      String.fromCharCode(Number.parseInt(percent ?? unicode ?? hex ?? '20', 16)),
    );
    if (decoded === before) break;
  }
  return decoded;
}

/**
 * A line that is a command of Redis, and the next one begins like one. To be looked for in the text with its lines, since
 * a cleaned one has none, and in the cleaned one, where they may be written out.
 */
const PIPELINE = new RegExp(
  '(?:^|[\\r\\n\\u0085\\u2028\\u2029])[ \\t]{0,3}' +
    '(?:(?:get|del|incr|decr|keys|auth|select|exists|ttl)[ \\t]\\S{1,64}|(?:set|append|expire|rename)[ \\t]\\S{1,64}[ \\t]\\S{1,64})' +
    '[ \\t]{0,3}(?:[\\r\\n\\u0085\\u2028\\u2029]|\\\\r|\\\\n){1,4}[ \\t]{0,3}' +
    '(?:get|set|del|incr|decr|keys|auth|select|exists|ttl|append|expire|rename|config|exec|save|quit)\\b',
  'i',
);

export function isPipeline(raw: string): boolean {
  return PIPELINE.test(raw);
}

export type PatternCode = '' | 'text_link' | 'text_markup' | 'text_injection';

/** What a text is refused for, the gravest first. `folded` is the same text in plain letters. */
export function findPattern(text: string, folded: string): PatternCode {
  const decoded = decodeEscapes(folded);
  if (isAnyIn(INJECTIONS, text, folded, decoded)) return 'text_injection';
  if (isAnyIn(MARKUP, text, folded, decoded)) return 'text_markup';
  return isAnyIn(LINKS, text, folded, decoded) ? 'text_link' : '';
}

function isAnyIn(patterns: readonly RegExp[], text: string, folded: string, decoded: string): boolean {
  if (isAny(patterns, text)) return true;
  return (folded !== text && isAny(patterns, folded)) || (decoded !== folded && isAny(patterns, decoded));
}

function isAny(patterns: readonly RegExp[], view: string): boolean {
  // By index: in the interpreter, where what is rare stays, `for … of` makes an object of each step.
  for (let index = 0; index < patterns.length; index++) if (patterns[index]!.test(view)) return true;
  return false;
}
