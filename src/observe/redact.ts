// Takes out of a text what would let somebody in: for what others say (a database, a system), which may repeat what it was
// sent. Our own lines have no field for it. Any thread; pure.

export type Redact = (text: string) => string;

const HIDDEN = '[hidden]';
/** In order: what is found first is not looked at again. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // A user's name and password in a URL.
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"]+@/gi, `$1${HIDDEN}@`],
  // Signed tokens: three parts of base64url, the first begins as JSON does.
  [/\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*/g, HIDDEN],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${HIDDEN}`],
  // `password=x`, `"token": "x"`, `auth: x`.
  [
    /("?)\b(pass(?:word|phrase|wd)?|secret|guestSecret|token|resume|ticket|api[_-]?key|authorization)\1(\s*[:=]\s*)("[^"]*"|'[^']*'|\S+)/gi,
    `$1$2$1$3${HIDDEN}`,
  ],
  // Keys, hashes and tickets: longer than anything else in one word. No slash, or paths were hidden.
  [/(?<![\w+=-])[\w+-]{40,}={0,2}(?![\w+=-])/g, HIDDEN],
];

/** @param secrets that are known and must not appear, whatever they look like; short ones are left out, they are words. */
export function createRedact(secrets: readonly string[] = []): Redact {
  const known = secrets.filter((secret) => secret.length >= SECRET_CHARACTERS_MIN);
  return (text) => {
    let clean = text;
    for (const secret of known) clean = clean.replaceAll(secret, HIDDEN);
    for (const [pattern, instead] of PATTERNS) clean = clean.replace(pattern, instead);
    return clean;
  };
}

const SECRET_CHARACTERS_MIN = 6;
