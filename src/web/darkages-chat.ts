// Chat: what is said in the zone, whispered and said in the party, and the line to say it with. `/w name text` whispers,
// `/p text` speaks to the party; `/invite name`, `/accept`, `/kick name`, `/lead name` and `/leave` are for parties;
// `/ignore name` and `/unignore name` stay in the page. Browser main thread.

import { addButton, addElement, setHidden } from './dom.ts';

const LINES_MAX = 80;
/** A line is bright for so long while the chat is closed. */
const FADE_MS = 14_000;

export interface Command {
  readonly request:
    | 'say'
    | 'whisper'
    | 'partySay'
    | 'invite'
    | 'accept'
    | 'decline'
    | 'leaveParty'
    | 'kick'
    | 'promote';
  readonly values: Readonly<Record<string, string>>;
}

/** What the page does itself. */
export interface PageCommand {
  readonly deed: 'ignore' | 'unignore';
  readonly name: string;
}

/** What a line asks for; a sentence when it can't be understood; undefined for nothing. */
export function readLine(line: string): Command | PageCommand | string | undefined {
  const text = line.trim();
  if (text === '') return undefined;
  if (!text.startsWith('/')) return { request: 'say', values: { text } };
  const [, command = '', rest = ''] = /^\/(\S*)\s*(.*)$/s.exec(text) ?? [];
  const [name = '', said = ''] = splitOnce(rest);
  switch (command.toLowerCase()) {
    case 'w':
    case 'whisper':
      return name === '' || said === ''
        ? 'Whisper as: /w name text'
        : { request: 'whisper', values: { to: name, text: said } };
    case 'p':
    case 'party':
      return rest === '' ? 'Speak to the party as: /p text' : { request: 'partySay', values: { text: rest } };
    case 'invite':
      return name === '' ? 'Invite as: /invite name' : { request: 'invite', values: { name } };
    case 'kick':
      return name === '' ? 'Throw out as: /kick name' : { request: 'kick', values: { name } };
    case 'lead':
      return name === '' ? 'Hand on the lead as: /lead name' : { request: 'promote', values: { name } };
    case 'ignore':
    case 'unignore': {
      const deed = command.toLowerCase() as PageCommand['deed'];
      return name === '' ? `Write it as: /${deed} name` : { deed, name };
    }
    case 'accept':
      return { request: 'accept', values: {} };
    case 'decline':
      return { request: 'decline', values: {} };
    case 'leave':
      return { request: 'leaveParty', values: {} };
    default:
      return 'There are /w name text, /p text, /invite, /kick, /lead and /ignore name, /accept and /leave';
  }
}

function splitOnce(text: string): [string, string] {
  const at = text.search(/\s/);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at).trim()];
}

const ANSWERS: Readonly<Record<string, string>> = {
  no_such_player: 'Nobody of that name is here.',
  yourself: 'That is you.',
  no_party: 'You are in no party.',
  in_party: 'Already in a party.',
  not_leader: 'Only the leader does that.',
  no_such_member: 'Nobody of that name is in the party.',
  party_full: 'The party is full.',
  already_invited: 'Already invited by someone.',
  declined: 'Didn’t want to just now.',
  no_invitation: 'Nobody has invited you.',
  dead: 'Not while you are dead.',
  none_held: 'You haven’t got that.',
  too_soon: 'Too soon: wait a moment.',
  no_need: 'You need none.',
  no_vendor: 'No vendor is near.',
  too_poor: 'You haven’t got the gold.',
  no_room: 'You have no room for that.',
  too_far: 'Too far away.',
  busy: 'Busy with another one.',
  no_offer: 'Nobody has offered.',
  no_trade: 'There is no trade.',
  changed: 'It has changed: look again.',
  other_none_held: 'The other one hasn’t got that any more.',
  other_no_room: 'The other one has no room for that.',
  disconnected: 'The connection was lost.',
  timeout: 'The server didn’t answer.',
  too_many: 'Slowly: too much at once.',
  rate_limited: 'Slowly: too much at once.',
  text_empty: 'There is nothing to say.',
  text_long: 'That is too long: 256 characters at most.',
  text_rate: 'Slowly: too much at once.',
  text_busy: 'Too many are talking: say it again in a moment.',
  text_target_busy: 'Too many are whispering to that one: again in a moment.',
  text_repeat: 'You have said that already.',
  text_link: 'No links here.',
  text_markup: 'No markup here: plain words.',
  text_injection: 'That looks like code: plain words.',
  text_profanity: 'Not in those words.',
  text_control: 'Plain letters, please.',
  text_name: 'Nobody has a name like that.',
};

/** A sentence for what a request was refused with. */
export function answerText(code: string): string {
  return ANSWERS[code] ?? `Not sent: ${code.replaceAll('_', ' ')}.`;
}

export interface Chat {
  readonly root: HTMLElement;
  readonly lines: HTMLElement;
  readonly form: HTMLFormElement;
  readonly input: HTMLInputElement;
  /** Hears whom the player wants to ignore. */
  readonly ignored: (name: string) => void;
  isOpen: boolean;
}

/** @param sent is given what the player entered. */
export function createChat(sent: (line: string) => void, ignored: Chat['ignored']): Chat {
  const root = addElement('section', 'chat', document.body);
  root.setAttribute('aria-label', 'Chat');
  root.hidden = true;
  const lines = addElement('ol', '', root);
  lines.id = 'chat-lines';
  const form = addElement('form', '', root);
  form.autocomplete = 'off';
  form.hidden = true;
  const input = addElement('input', '', form);
  input.id = 'chat-input';
  input.maxLength = 300;
  input.placeholder = 'Say to all · /w name · /p party';
  input.setAttribute('aria-label', 'Say');
  input.enterKeyHint = 'send';
  const chat: Chat = { root, lines, form, input, ignored, isOpen: false };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const line = input.value;
    input.value = '';
    closeChat(chat);
    sent(line);
  });
  input.addEventListener('keydown', (event) => {
    if (event.code !== 'Escape') return;
    event.stopPropagation();
    closeChat(chat);
  });
  input.addEventListener('input', () => colourInput(input));
  input.addEventListener('blur', () => closeChat(chat));
  return chat;
}

/** The line has the colour of where it goes. */
function colourInput(input: HTMLInputElement): void {
  const line = readLine(input.value);
  input.dataset.channel = typeof line === 'object' && 'request' in line ? line.request : '';
}

export function openChat(chat: Chat, text = ''): void {
  chat.isOpen = true;
  chat.root.classList.add('open');
  setHidden(chat.form, false);
  if (text !== '') chat.input.value = text;
  colourInput(chat.input);
  chat.input.focus();
  chat.lines.scrollTop = chat.lines.scrollHeight;
}

export function closeChat(chat: Chat): void {
  if (!chat.isOpen) return;
  chat.isOpen = false;
  chat.root.classList.remove('open');
  setHidden(chat.form, true);
  chat.input.blur();
}

/**
 * @param who in front of the text, with its own weight; '' for what the page itself says.
 * @param from name of the other player who said it; '' = nobody who could be ignored.
 */
export function addLine(
  chat: Chat,
  channel: 'zone' | 'whisper' | 'party' | 'page',
  who: string,
  text: string,
  from = '',
): void {
  const isAtEnd = chat.lines.scrollHeight - chat.lines.scrollTop - chat.lines.clientHeight < 30;
  const line = addElement('li', channel, chat.lines);
  if (who !== '') addElement('b', '', line, `${who}: `);
  addElement('span', '', line, text);
  if (from !== '') addIgnore(chat, line, from);
  while (chat.lines.childElementCount > LINES_MAX) chat.lines.firstElementChild?.remove();
  if (isAtEnd) chat.lines.scrollTop = chat.lines.scrollHeight;
  setTimeout(() => line.classList.add('old'), FADE_MS);
}

/** Seen while the chat is open. Not for the Tab key: leaving the input closes the chat, and there is /ignore. */
function addIgnore(chat: Chat, line: HTMLElement, from: string): void {
  line.dataset.from = from;
  const button = addButton('ignore', line, 'ignore', () => chat.ignored(from));
  button.title = `Hear no more of ${from}`;
  button.tabIndex = -1;
  // The input keeps the focus: without it the chat would close before the click.
  button.addEventListener('mousedown', (event) => event.preventDefault());
}

/** Takes away what that player has said. */
export function removeLinesOf({ lines }: Chat, from: string): void {
  for (const line of lines.querySelectorAll<HTMLElement>('li[data-from]')) {
    if (line.dataset.from?.toLowerCase() === from.toLowerCase()) line.remove();
  }
}
