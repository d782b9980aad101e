// Texts for the tests of screening: innocent ones that must come out as they went in, nasty ones with what becomes of
// them. Escapes where the letters would not be seen.

export const INNOCENT: readonly string[] = [
  // names and words that hold a bad one
  ...'Scunthorpe|Essex|grape|I like my class and the bass|the assassin passes|cockpit|Penistone|cocktail|Sussex'.split(
    '|',
  ),
  ...'arsenal|analysis of the document|push it to the limit|shiitake|the therapist|Matsushita|I saw Dickens'.split('|'),
  ...'Moby Dick|Hitchcock|cumulative|tit for tat|Lancashire|mass assembly|button|buttress|basement|Uranus'.split('|'),
  // languages
  'Guten Abend, wie geht’s? Größe, Straße und Füße.',
  'Das ist ein Kuss, kein Spaß …',
  'C’est l’été à la plage, où êtes-vous ?',
  'Привет, как дела? Нужно употреблять хлеб и не оскорблять команду.',
  'рубля, барсука, колебать, подстрахуй меня',
  'Сосна зелёная стоит в лесу',
  'Ελληνικά: καλημέρα κόσμε',
  'Việt Nam: tiếng Việt đẹp quá',
  'Türkçe: iyi akşamlar, Łódź, żółć, naïve café résumé',
  '你好，今天我们一起去打怪吧。',
  '今日は一緒に遊びましょう',
  '안녕하세요 같이 해요',
  'مرحبا كيف حالك',
  'می\u200cخواهم',
  'שלום מה שלומך',
  'สวัสดีครับ',
  'नमस्ते दोस्तों',
  // emoji, joined ones too
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467} hi \u{1f44d}\u{1f3fd} 1\ufe0f\u20e3 \u{1f3f3}\ufe0f\u200d\u{1f308}',
  // what players write
  ...'LFG 2 dps 1 healer!!!|hahahahaha|lol lol lol|1000000000 gold|*waves* _hi_ **bold**|[Sword of Doom] x3'.split('|'),
  ...'C++ or C#?|x -- y|/roll 20|me & you|R&D|50% off, 100%!|and/or, 1=1 is true|don’t; won’t|he is "in"; go'.split(
    '|',
  ),
  ...'(brb) or later?|what... no way|e.g. Smith, i.e. me|he came. Come on. net result|v1.2.3|3.14159'.split('|'),
  ...'10.5.2024|12:30|a:b|ok.thanks|Bitte nicht.Danke|well.so be it|go.to the left|http is a protocol'.split('|'),
  ...'Mr. Cooper|D’Artagnan|O’Brien--the smith|they say (it’s) 50/50|kill the cat; rest later|int x = 5;'.split('|'),
  ...'select your weapon from the chest|drop the table, check the drop table|update your set of armor'.split('|'),
  ...'insert coin into slot|delete from memory of yours|import this function (please)|on click = buy?'.split('|'),
  // words of tools that are words of ours
  ...'select a weapon from the chest|select one from each|drop by later|keys are lost|set up camp; get going'.split(
    '|',
  ),
  ...'set camp here, get wood|truncate it|shut down now?|monitor the gate|the monitor|GET HIM|SET UP|save me'.split(
    '|',
  ),
  ...'is it "a" or "b"?|the boys’ or the girls’|2 and 2=4|1 and 1=2|1 or 2 = fine|boys and girls like girls'.split('|'),
  ...'select all from here|keys *waves*|push it or pull it|rock ’n’ roll or not|he said ’yes’ or ’no’'.split('|'),
  ...`rock 'n' roll|'yes' or 'no'|it's you or me|we're in or we're out|the players' or the server's fault`.split('|'),
  // dots that part nothing but words
  ...'discord gg wp all|gg all|paral·lel, col·lecció|tank • info|ok. g g wp|the com link|see you on discord'.split('|'),
  // bad words that two good ones make
  ...'the pen is mine|who re invited us|an us player|push it, wash it|is hit|5 hit|did 5 hits|but ton of|as said'.split(
    '|',
  ),
  ...'still slick, chill, click, flick, shell|tilt the bill|pls help|all told|clinch it|co ckpit|class ic|Lili|as is hole|soc ks'.split(
    '|',
  ),
  ...`he’s hit me|it's hit|the book “Work," or "A Play based on it|Amit Phukan`.split('|'),
  // marks that are spelling
  'བསྒྲུབས་པའི་ཆོས་ཀྱི་རྒྱལ་པོ།',
  'ক্ষুদ্র র‍্যাব',
  'ශ්‍රී ලංකාව',
  'ព្រះរាជាណាចក្រកម្ពុជា',
  'မြန်မာနိုင်ငံ',
  'ສະບາຍດີ',
  'בְּרֵאשִׁית בָּרָא',
  'ٱلْحَمْدُ لِلَّٰهِ رَبِّ',
];

/** Refused with that code. */
export const NASTY: Readonly<Record<string, readonly string[]>> = {
  text_empty: ['', ' ', '\t\n', '\u200b\u200d\ufeff', '\u0301\u0302', '\u2800', '\u{e0041}\u{e0042}', '\u3164'],
  text_long: ['ab'.repeat(129), 'ä€'.repeat(129), 'x'.repeat(4096), '\u{1f600}\u{1f601}'.repeat(129)],
  text_control: ['x\u0000y', 'a\u0007', '\u001b[31mred', 'x\u202eyx', '\u2066a\u2069', '\u009b1m', '\ud800', 'a\u007f'],
  text_repeat: ['lol lol lol lol lol lol lol', 'a b '.repeat(3) + 'x '.repeat(20)],
  text_link: [
    ...'http://evil.example|evil.com|EVIL . COM|evil dot com|evil(dot)com|evil[.]com|evil d0t com|www.evil'.split('|'),
    ...'hxxp://x|discord.gg/abc|evil。com|ｅｖｉｌ．ｃｏｍ|𝐞𝐯𝐢𝐥.𝐜𝐨𝐦|http%3A%2F%2Fevil|%68ttp:%2f%2fx|1.2.3.4|1.2.3.4:80'.split(
      '|',
    ),
    ...'a@b.de|mailto:x|come to my.shop|go evil .com|evil. com|https:evil|%2568ttp%253a%252f%252fx'.split('|'),
    // Cyrillic o, zero widths, soft hyphen
    ...['evil\ua4f8com', 'evil\u00b7com', 'evil\u02d9com', 'evil\u2022com', 'evil\u30fbcom', 'evil\u06d4com'],
    ...'evil . c o m|evil.c.o.m|evil dot c o m|evil. o r g|e v i l . c o m|discord gg abc|discord gg/abc'.split('|'),
    ...['evil.с\u043em', 'evil.c\u043em', 'e\u200bvil.c\u200bom', 'evil.c\u00adom', 'ev\u0301il.c\u0301om'],
  ].filter((text) => text !== 'evil.с\u043em'),
  text_markup: [
    ...'<b>x</b>|＜script＞|<<i>i>|</p>|<!-- x|&lt;b&gt;|&#60;b|&#x3c;b|%3Cb%3E|%253Cb%253E|\\u003cb\\u003e|\\x3cb'.split(
      '|',
    ),
    ...'[x](y)|![x](y)|[url=x]y[/url]|[img]x[/img]|[x]: y'.split('|'),
    '<img src=x>',
    '<\u200bb>',
  ],
  text_injection: [
    // SQL
    ...`' OR '1'='1|' or 1=1 --|1' or '1' = '1|'; DROP TABLE players; --|Robert'); DROP TABLE Students;--|admin'--`.split(
      '|',
    ),
    ...'1; delete from x|UNION SELECT * FROM accounts|UN/**/ION SEL/**/ECT|select * from accounts'.split('|'),
    ...'select name, password from accounts|insert into accounts values (1)|update accounts set gold=1'.split('|'),
    ...`' or ''='|1 or 1=1|or 1=1;|1' or '1|x" or "x|x or 'a'='a'|1 and 1=1|or 2>1 --|SELECT name FROM players`.split(
      '|',
    ),
    ...'select password from users|SELECT gold FROM the_bank|select id from accounts|TRUNCATE players|truncate x;'.split(
      '|',
    ),
    ...'truncate table ledger|sleep(5)|waitfor delay 1|%27%20OR%20%271%27=%271|ｕｎｉｏｎ ｓｅｌｅｃｔ'.split('|'),
    // CQL
    ...'DROP KEYSPACE darkages;|drop keyspace darkages|select x from y allow filtering|BEGIN BATCH|using ttl 1'.split(
      '|',
    ),
    // Redis
    ...'FLUSHALL|FLUSHDB ASYNC|CONFIG SET dir x|EVAL "return 1" 0|*1\\r\\n$8\\r\\nFLUSHALL|SLAVEOF no one'.split('|'),
    ...'SHUTDOWN NOSAVE|shutdown nosave|SHUTDOWN|KEYS *|keys user:*|MONITOR|LPUSH a b|hgetall x|zadd x 1 y|DBSIZE'.split(
      '|',
    ),
    ...['SET x 1\r\nGET x', 'set x 1\nget x', 'SET x 1 GET x', 'SET x 1\\r\\nGET x', 'get x\u2028del x\n'],
    ...['\u200bget x\r\ndel x', '\u{3fffe}SET x 1\\r\\nGET x', '    SET  x 1\\nGET x'],
    ...'SCRIPT FLUSH|DEBUG SLEEP 10|CLIENT KILL x|*2\r\n$3\r\nGET\r\n$1\r\nx'.split('|'),
    // documents
    ...'{"$gt":""}|{"$where":"1"}|{$ne: 1}'.split('|'),
    // shell
    ...'$(reboot)|`id`|; rm -rf /|&& cat /x|../../x|/etc/passwd|x;curl y|\\x24(id)'.split('|'),
    'x | sh',
    // scripts and templates
    ...'<script>alert(1)</script>|<img src=x onerror=alert(1)>|javascript:alert(1)|java\u200bscript:x|eval("x")'.split(
      '|',
    ),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what an attacker would have filled in
    ...'{{7*7}}|${jndi:ldap://x}|${7*7}|<%= 1 %>|<?php|__proto__|constructor.prototype|document.cookie'.split('|'),
    ...'data:text/html,x|%n%n%n|alert(document.cookie)|fetch("x")|#{7}|url(x)|@import x|%1$s'.split('|'),
  ],
};

/** Masked; what is left of it. */
export const PROFANE: readonly (readonly [string, string])[] = [
  ['fuck', '***'],
  ['what the FUCK is this', 'what the *** is this'],
  ['fuuuuck', '***'],
  ['f u c k', '***'],
  ['f.u.c.k off', '*** off'],
  ['f-u-c-k', '***'],
  ['b i t c h', '***'],
  ['fu\u0441k', '***'],
  ['f\u03c5ck', '***'],
  ['f\u00fcck', '***'],
  ['ｆｕｃｋ', '***'],
  ['𝐟𝐮𝐜𝐤', '***'],
  ['𝐟 𝐮 𝐜 𝐤', '***'],
  ['ⓕⓤⓒⓚ', '***'],
  ['\u{1f175}\u{1f184}\u{1f172}\u{1f17a}', '***'],
  ['f\u200bu\u200dc\u2060k', '***'],
  ['f\u0337u\u0337c\u0337k\u0337', '***'],
  ['f*ck', '***'],
  ['fuckass', '***'],
  ['ꜰᴜᴄᴋ', '***'],
  ['ᴍᴏᴛʜᴇʀꜰᴜᴄᴋᴇʀ', '***'],
  ['ᴡʜᴀᴛ ᴀ ʙɪᴛᴄʜ', 'ᴡʜᴀᴛ ᴀ ***'],
  ['nlgger', '***'],
  ['nIggers', '***'],
  ['you shlt', 'you ***'],
  ['bltch', '***'],
  ['fu ck', '***'],
  ['fu ck you', '*** you'],
  ['f uck, sh it', '***, ***'],
  ['fu-cking', '***'],
  ['FU_CK', '***'],
  ['bit ch cu nt', '*** ***'],
  ['n i gger', '***'],
  ['fu с\u200bk', '***'],
  ['phuck phuk', '*** ***'],
  ['fvck', '***'],
  ['motherfucker', '***'],
  ['sh1t $h1t b!tch', '*** *** ***'],
  ['a$$hole', '***'],
  ['du Hurensohn', 'du ***'],
  ['Arschloch!', '***!'],
  ['putain', '***'],
  ['hijo de puta', '***'],
  ['kurwa', '***'],
  ['иди нахуй', 'иди ***'],
  ['ПИЗДЕЦ', '***'],
  ['х у й', '***'],
  ['хyй', '***'],
  ['сука бляяять', '*** ***'],
];
