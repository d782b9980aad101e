// Others, as panels: the kill feed, the party with its health, an invitation, the scoreboard. Browser main thread.

import { sendRequest } from '../client/client.ts';
import { type Client, PLAYING } from '../client/state.ts';
import { ABILITIES, HEALTH_MAX, INVITE_TICKS, PARTY_SIZE_MAX } from '../game/abilities.ts';
import { KINDS, PLAYER } from '../game/kinds.ts';
import type { Fight } from './darkages-fight.ts';
import { chooseMember } from './darkages-mend.ts';
import { conditionOf, isLeading, type Member, type Party, setMembers } from './darkages-party.ts';
import { addButton, addElement, addIcon, setHidden, setText, setVariable } from './dom.ts';

const FEED_MAX = 5;
const FEED_MS = 8_000;
const INVITE_MS = (INVITE_TICKS / 60) * 1000;
/** The table is asked for this often while it is open, and no sooner when it is opened again: servers refuse that. */
const SCORES_MS = 2_000;
const NEARBY_MAX = 5;
const CROWN = 'M3 7l4.500 4L12 4l4.500 7L21 7l-2 11H5zM5 19.500h14V21H5z';

type Values = Readonly<Record<string, number | string>>;

interface MemberRow {
  readonly member: Member;
  readonly root: HTMLElement;
  readonly note: HTMLElement;
  readonly choose: HTMLButtonElement;
}

export interface Social {
  readonly client: Client;
  readonly fight: Fight;
  readonly now: () => number;
  /** Hears why a request was refused. */
  readonly answered: (code: string) => void;
  readonly feed: HTMLElement;
  readonly party: Party;
  readonly partyPanel: HTMLElement;
  readonly memberList: HTMLElement;
  readonly inviteButton: HTMLButtonElement;
  readonly leaveButton: HTMLButtonElement;
  /** Whom to invite, or what to do with a member. */
  readonly menu: HTMLElement;
  readonly invitation: HTMLElement;
  readonly invitationText: HTMLElement;
  readonly scores: HTMLElement;
  readonly scoreRows: HTMLElement;
  readonly scoreFoot: HTMLElement;
  rows: MemberRow[];
  invitedBy: string;
  invitedUntilMs: number;
  isScoring: boolean;
  askedMs: number;
}

/** @param ignored hears whom the player wants to ignore */
export function createSocial(
  fight: Fight,
  now: () => number,
  answered: (code: string) => void,
  ignored: (name: string) => void,
): Social {
  const feed = addElement('ol', 'feed', document.body);
  feed.setAttribute('aria-label', 'Kills');
  const partyPanel = addElement('section', 'party', document.body);
  partyPanel.hidden = true;
  partyPanel.setAttribute('aria-label', 'Party');
  const memberList = addElement('ol', '', partyPanel);
  const menu = addElement('div', 'party-menu', partyPanel);
  menu.hidden = true;
  const buttons = addElement('div', 'buttons', partyPanel);
  const invitation = addElement('section', 'invitation', document.body);
  invitation.hidden = true;
  invitation.setAttribute('role', 'alert');
  const invitationText = addElement('p', '', invitation);
  const scores = addElement('section', 'scores', document.body);
  scores.hidden = true;
  scores.setAttribute('aria-label', 'Scores');
  addElement('h2', '', scores, 'Scores');
  const head = addElement('div', 'row head', scores);
  for (const title of ['', 'name', 'kills', 'deaths']) addElement('span', '', head, title);
  const social: Social = {
    client: fight.client,
    fight,
    now,
    answered,
    feed,
    party: { members: [] },
    partyPanel,
    memberList,
    inviteButton: addButton('link', buttons, 'Invite…', () => toggleMenu(social, '', fillNearby)),
    leaveButton: addButton('link', buttons, 'Leave', () => ask(social, 'leaveParty')),
    menu,
    invitation,
    invitationText,
    scores,
    scoreRows: addElement('div', '', scores),
    scoreFoot: addElement('p', '', scores),
    rows: [],
    invitedBy: '',
    invitedUntilMs: 0,
    isScoring: false,
    askedMs: Number.NEGATIVE_INFINITY,
  };
  addButton('primary', invitation, 'Accept (Y)', () => answerInvitation(social, true));
  addButton('link', invitation, 'Decline', () => answerInvitation(social, false));
  addButton('link', invitation, 'Ignore', () => ignored(social.invitedBy));
  return social;
}

export function ask(social: Social, request: string, values: Values = {}): void {
  // Whatever the answer, nothing is left to be answered; typed in the chat as well.
  if (request === 'accept' || request === 'decline') social.invitedUntilMs = 0;
  sendRequest(social.client, request, values, social.now(), (refused) => {
    if (refused !== '') social.answered(refused);
  });
}

/** For what the page asks by itself: nobody is told of a refusal. */
function askQuietly({ client, now }: Social, request: string): void {
  sendRequest(client, request, {}, now());
}

/** A new connection: the server says anew who is in the party. */
export function resetSocial(social: Social): void {
  showMembers(social, '');
  social.invitedUntilMs = 0;
  showScores(social, false);
}

export function updateSocial(social: Social): void {
  const now = social.now();
  const isPlaying = social.client.state === PLAYING;
  setHidden(social.invitation, now >= social.invitedUntilMs);
  setHidden(social.partyPanel, !isPlaying);
  for (const row of social.rows) updateMember(social, row);
  if (!social.isScoring || !isPlaying || now - social.askedMs < SCORES_MS) return;
  social.askedMs = now;
  askQuietly(social, 'scores');
}

function updateMember({ client, fight }: Social, { member, root, note, choose }: MemberRow): void {
  const { health, isAway, distanceMm } = conditionOf(member, client);
  root.classList.toggle('away', isAway);
  root.classList.toggle('dead', health === 0);
  const isChosen = member.name === fight.chosenMember;
  root.classList.toggle('chosen', isChosen);
  choose.setAttribute('aria-pressed', String(isChosen));
  setVariable(root, '--part', (Math.max(0, health) / HEALTH_MAX).toFixed(3));
  const state = health < 0 ? '…' : health === 0 ? 'dead' : String(health);
  setText(note, isAway && health >= 0 ? `${state} · ${Math.round(distanceMm / 1000)} m` : state);
}

/** @param names with commas between, the leader first. */
export function showMembers(social: Social, names: string): void {
  const { party, client, memberList } = social;
  setMembers(party, names);
  const { members } = party;
  const own = client.welcome?.name;
  const isLeader = isLeading(party, own);
  memberList.replaceChildren();
  social.rows = members.map((member, index) => {
    const root = addElement('li', index === 0 ? 'member leader' : 'member', memberList);
    addElement('i', 'fill', root);
    if (index === 0) addIcon(root, CROWN);
    addElement('b', '', root, member.name);
    const note = addElement('span', '', root);
    const choose = addChoose(social, root, member.name);
    if (isLeader && member.name !== own) addMore(social, root, member.name);
    return { member, root, note, choose };
  });
  if (members.every(({ name }) => name !== social.fight.chosenMember)) social.fight.chosenMember = '';
  setHidden(social.leaveButton, members.length === 0);
  setHidden(social.inviteButton, (members.length > 0 && !isLeader) || members.length >= PARTY_SIZE_MAX);
  setText(social.inviteButton, members.length === 0 ? 'Form a party…' : 'Invite…');
  setHidden(social.menu, true);
}

/** Lies over the row: a touch anywhere on it chooses whom mend is for. */
function addChoose({ fight }: Social, row: HTMLElement, name: string): HTMLButtonElement {
  const choose = addButton('choose', row, '', () => chooseMember(fight, name));
  choose.setAttribute('aria-label', `Mend ${name}`);
  choose.title = `Choose ${name} for mend`;
  return choose;
}

/** What the leader can do with a member. */
function addMore(social: Social, row: HTMLElement, name: string): void {
  const more = addButton('more', row, '⋯', () => toggleMenu(social, name, fillMemberMenu));
  more.setAttribute('aria-label', `Menu of ${name}`);
}

/** Opens the menu of `subject` ('' = of whom to invite); closes it when it is that one already. */
function toggleMenu(social: Social, subject: string, fill: (social: Social, subject: string) => void): void {
  const { menu } = social;
  const isOpen = !menu.hidden && menu.dataset.subject === subject;
  setHidden(menu, isOpen);
  if (isOpen) return;
  menu.dataset.subject = subject;
  menu.replaceChildren();
  fill(social, subject);
}

function addChoice(social: Social, text: string, request: string, name: string): void {
  addButton('choice', social.menu, text, () => {
    setHidden(social.menu, true);
    ask(social, request, { name });
  });
}

function fillMemberMenu(social: Social, name: string): void {
  addElement('p', '', social.menu, name);
  addChoice(social, 'Hand on the lead', 'promote', name);
  addChoice(social, 'Throw out', 'kick', name);
}

/** Players within sight, to be invited by a touch. */
function fillNearby(social: Social): void {
  const { own, interpolation } = social.client;
  const views = [...interpolation.views.values()].filter(({ kind, name }) => kind === PLAYER && name !== '');
  views.sort((a, b) => Math.hypot(a.x - own.x, a.z - own.z) - Math.hypot(b.x - own.x, b.z - own.z));
  for (const { name } of views.slice(0, NEARBY_MAX)) addChoice(social, name, 'invite', name);
  if (views.length === 0) addElement('p', '', social.menu, 'Nobody is near.');
}

/** @param from '' = the invitation is taken back, or who sent it is gone. */
export function showInvitation(social: Social, from: string): void {
  if (from === '') {
    social.invitedUntilMs = 0;
    return;
  }
  social.invitedBy = from;
  setText(social.invitationText, `${from} asks you to join a party.`);
  social.invitedUntilMs = social.now() + INVITE_MS;
}

export function answerInvitation(social: Social, isAccepted: boolean): void {
  if (social.now() >= social.invitedUntilMs) return;
  ask(social, isAccepted ? 'accept' : 'decline');
}

export function isInvitedBy({ now, invitedBy, invitedUntilMs }: Social, name: string): boolean {
  return now() < invitedUntilMs && invitedBy.toLowerCase() === name.toLowerCase();
}

/** As if nobody had asked: the server is told, so that others can. */
export function declineQuietly(social: Social): void {
  social.invitedUntilMs = 0;
  askQuietly(social, 'decline');
}

/** With its article. */
export function describeKind(kind: number): string {
  const name = Object.entries(KINDS).find(([, each]) => each === kind)?.[0] ?? 'unknown creature';
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}

/** @param name of the dead, if a player; else `kind` says what it was. */
export function addKill(social: Social, values: Values, kind: number): void {
  const own = social.client.welcome?.name;
  const by = String(values.by) === '' ? describeKind(Number(values.byKind)) : String(values.by);
  const dead = String(values.name) === '' ? describeKind(kind) : String(values.name);
  const line = addElement('li', '', social.feed);
  addElement('b', by === own ? 'own' : '', line, by);
  addElement('span', '', line, ABILITIES[Number(values.ability)]?.name ?? '');
  addElement('b', dead === own ? 'own' : '', line, dead);
  if (by === own || dead === own) line.className = dead === own ? 'lost' : 'won';
  while (social.feed.childElementCount > FEED_MAX) social.feed.firstElementChild?.remove();
  setTimeout(() => line.remove(), FEED_MS);
}

export function showScores(social: Social, isOpen: boolean): void {
  social.isScoring = isOpen;
  setHidden(social.scores, !isOpen);
}

export function fillScores({ client, scoreRows, scoreFoot }: Social, values: Values): void {
  scoreRows.replaceChildren();
  const top = String(values.top);
  for (const [index, entry] of (top === '' ? [] : top.split(',')).entries()) {
    const [name = '', kills = '', deaths = ''] = entry.split(':');
    const row = addElement('div', name === client.welcome?.name ? 'row own' : 'row', scoreRows);
    for (const text of [String(index + 1), name, kills, deaths]) addElement('span', '', row, text);
  }
  setText(scoreFoot, `You are ${values.rank} of ${values.players}`);
}
