// The word lists that screening reads, as plain data: what to add to the library's English list, what to let through,
// what nobody may be called, and the endings of addresses. Any thread. Replace them here; `|` stands for the edge of a word.
// Latin words are looked for in a text whose look-alikes, digits for letters and doubled letters were folded, Cyrillic
// ones in a text folded the other way; so a plain spelling is enough, with no letter twice in a row (but ee oo ll ss bb
// gg, which the library keeps apart).

export interface WordLists {
  /** Beside the library's English list. */
  readonly latin: readonly string[];
  readonly cyrillic: readonly string[];
  /**
   * Seen through a blank or a sign between any two letters as well, and through what is drawn like a letter. Whole words,
   * and none that two innocent words make when they stand side by side, like those in `pen is`.
   */
  readonly disguised: readonly string[];
  /** Parts of innocent words that hold a bad one. */
  readonly allowed: readonly string[];
  /** Words of the library's list that are none here. */
  readonly notBad: readonly string[];
}

export const WORDS: WordLists = {
  latin: [
    // German
    'arschl',
    '|fotze',
    'hurensohn',
    'huresohn',
    'wichser',
    'wixer',
    '|missgeburt',
    '|schlampe',
    '|nutte',
    '|nute',
    // French
    'conard',
    'conasse',
    '|encule',
    '|enculer',
    '|salope',
    '|putain|',
    '|pute|',
    '|nique ta|',
    // Spanish, Portuguese, Italian
    '|puta|',
    '|puto|',
    '|hijo de puta',
    'cabron|',
    'gilipolla',
    '|pendejo',
    '|maricon',
    '|caralho',
    '|vafanculo',
    '|stronzo|',
    // Polish, Czech, and Russian in Latin letters
    'kurwa',
    '|chuj|',
    '|blyat',
    '|bliat',
    '|cyka|',
    '|suka|',
    '|pizdec',
    '|pidor',
    '|nahuy|',
    // English that the library leaves out
    '|kys|',
    '|kill yourself|',
    '|stfu|',
    'motherf',
    '|phuck',
    '|phuk|',
    '|dlck',
  ],
  cyrillic: [
    '|хуй',
    '|хуе',
    '|хуя',
    '|нахуй',
    '|нахуя',
    '|похуй',
    'пизд',
    '|ебать',
    '|ебан',
    '|еблан',
    '|заеб',
    '|выеб',
    '|уеб',
    '|долбоеб',
    '|бляд',
    '|блять|',
    '|бля|',
    '|сука|',
    '|суки|',
    '|мудак',
    '|пидор',
    '|пидар',
    '|шлюха',
    '|гандон',
  ],
  disguised: ['fuck', 'shit', 'bitch', 'cunt', 'nigger', 'nigga', 'faggot', 'asshole', 'wanker', 'kurwa'],
  allowed: [
    'scunthorpe',
    'penistone',
    'cockpit',
    'cocktail',
    'cockatoo',
    'cockerel',
    'cockroach',
    'peacock',
    'hitchcock',
    'shuttlecock',
    'shiitake',
    'shitake',
    'dickens',
    'moby dick',
    'essex',
    'sussex',
    'middlesex',
    'arsenal',
    'cumulative',
    'cumin',
    'grapes',
    'therapist',
    'rapid',
    'sextant',
    'sextet',
    'assassin',
    'tit for tat',
    'titan',
    'prickly',
    'chinking',
    'mishit',
    'hooked',
  ],
  notBad: ['hooker', 'negro', 'prick', 'incest', 'hentai', 'scat'],
};

export interface NameLists {
  /** Nobody is called so, in whatever case, with numbers around it or letters that look alike. */
  readonly whole: readonly string[];
  /** Nor has it as a part between `_` `.` `-`: the house alone speaks under these. */
  readonly parts: readonly string[];
}

export const NAMES: NameLists = {
  whole: [
    ...['system', 'server', 'support', 'console', 'operator', 'owner', 'root', 'host', 'service', 'security', 'help'],
    ...['null', 'undefined', 'nan', 'true', 'false', 'none', 'void', 'nil'],
    ...['everyone', 'everybody', 'nobody', 'somebody', 'anonymous', 'unknown', 'you'],
    ...['zone', 'party', 'whisper', 'npc'],
  ],
  parts: ['admin', 'administrator', 'moderator', 'mod', 'gm', 'gamemaster', 'staff', 'official', 'sysop', 'darkages'],
};

/** Endings that make two words an address: `some.where` is none, `some.com` is. English words are left out. */
export const DOMAINS: readonly string[] = (
  'com net org info biz xyz gg tv ru su cn de fr uk eu pl nl ch at cz ua br jp kr tr io ai co app dev shop site ' +
  'online store link click top club pro ly cc ws tk ml ga cf gq page website tech cloud space live news bet casino ' +
  'game games zone world today stream download onion'
).split(' ');

/** Endings that are an address when the dot is spelt out or stands among blanks: nobody says "dot live" of a dot. */
export const SPELT_DOMAINS: readonly string[] = 'com net org info biz xyz gg tv ru tk io'.split(' ');
