// Takes out of a text what would let somebody in: for what others say (a database, a system), which may repeat what it was
// sent. Our own lines have no field for it. Any thread; pure. Where it can't know, it hides too much.

export type Redact = (text: string) => string;

const HIDDEN = '[hidden]';
const SECRET_CHARACTERS_MIN = 6;
/** A longer text is cut: nobody reads it, and to search it takes time that players wait for. */
const TEXT_CHARACTERS_MAX = 4096;

const NAMES = [
  '(?<![a-z])pass',
  'pass(?:word|phrase|wd)',
  'secret',
  'token',
  'resume',
  'ticket',
  '(?:api|private)[_-]?key',
  '(?<![a-z])auth(?:orization)?',
].join('|');
const VALUE = `"[^"]*"|'[^']*'|[^\\s,;]+`;
/** What follows "password" in a sentence of a database. */
const ORDINARY =
  '(?:is|are|was|were|has|had|and|or|of|for|from|in|to|by|with|pair|given|required|refused|failed|failure|authentication|' +
  'configured|must|can|could|that|which|needs|expired|invalid|incorrect|wrong|not|no|too)(?![\\w-])';

/** In order: what is found first is not looked at again. */
const PATTERNS: readonly (readonly [RegExp, string | ((found: string) => string)])[] = [
  // A user's name and password in a URL.
  [/((?<![A-Za-z])[a-z][a-z0-9+.-]{0,15}:\/\/)[^\s/"]+@/gi, `$1${HIDDEN}@`],
  // Signed tokens: three parts of base64url, the first begins as JSON does.
  [/(?<![A-Za-z])eyJ[\w-]{5,}\.[\w-]+\.[\w-]*/g, HIDDEN],
  [/(?<![A-Za-z])(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${HIDDEN}`],
  // `password=x`, `"token": "x"`, `guest_secret : x`, `TOKEN_KEY=x`.
  [new RegExp(`((?:${NAMES})(?:[_-]?key)?["']?\\s{0,8}[:=]\\s{0,8})(?:${VALUE})`, 'gi'), `$1${HIDDEN}`],
  // `password x`, `AUTH x`, `x-api-key x`.
  [
    new RegExp(
      `((?<![a-z])(?:pass(?:word|phrase|wd)|secret|api[_-]?key|auth)\\s{1,8})(?!${ORDINARY})(?:${VALUE})`,
      'gi',
    ),
    `$1${HIDDEN}`,
  ],
  // "The ticket 1a2b…": of words, only what no word looks like.
  [/((?<![A-Za-z])(?:token|ticket)\s{1,8})[^\s,;\d]{0,64}\d[^\s,;]*/gi, `$1${HIDDEN}`],
  // Keys, hashes and tickets: longer than anything else in one word.
  [/(?<![\w+-])[\w+-]{40,}={0,2}(?![\w+=-])/g, HIDDEN],
  // Base64 may have slashes, as paths have.
  [/(?<![\w+/.-])[A-Za-z0-9+/]{22,}={0,2}(?![\w+/=.-])/g, (found) => (isBase64(found) ? HIDDEN : found)],
];

/** Longer than one word of a path and mixed as no name is. */
function isBase64(word: string): boolean {
  if (word.length < 40 && !word.endsWith('=')) return false;
  return word
    .split('/')
    .some((part) => part.length >= 12 && /[a-z]/.test(part) && /[A-Z]/.test(part) && /\d/.test(part));
}

/** @param secrets that are known and must not appear, whatever they look like; short ones are left out, they are words. */
export function createRedact(secrets: readonly string[] = []): Redact {
  const known = secrets
    .filter((secret) => secret.length >= SECRET_CHARACTERS_MIN)
    // One may be a part of another.
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const secret of known) clean = clean.replaceAll(secret, HIDDEN);
    clean = cut(clean);
    for (const [pattern, instead] of PATTERNS) {
      clean = typeof instead === 'string' ? clean.replace(pattern, instead) : clean.replace(pattern, instead);
    }
    return clean;
  };
}

/** Between words: of half a secret nobody knows what it is. */
function cut(text: string): string {
  if (text.length <= TEXT_CHARACTERS_MAX) return text;
  const shown = text.slice(0, TEXT_CHARACTERS_MAX);
  return `${shown.slice(0, Math.max(0, shown.search(/[\s"',{}][^\s"',{}]*$/)))} …`;
}
