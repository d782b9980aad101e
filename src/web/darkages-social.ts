// Others, as panels: the kill feed, the party with its health, an invitation, the scoreboard. Browser main thread.

import { sendRequest } from '../client/client.ts';
import { type Client, PLAYING } from '../client/state.ts';
import { ABILITIES, HEALTH_MAX, INVITE_TICKS, PARTY_SIZE_MAX } from '../game/abilities.ts';
import { KINDS, PLAYER } from '../game/kinds.ts';
import { addButton, addElement, setHidden, setText, setVariable } from './dom.ts';

const FEED_MAX = 5;
const FEED_MS = 8_000;
const INVITE_MS = (INVITE_TICKS / 60) * 1000;
const SCORES_MS = 2_000;
const NEARBY_MAX = 5;

type Values = Readonly<Record<string, number | string>>;

interface MemberRow {
  readonly name: string;
  readonly root: HTMLElement;
  readonly note: HTMLElement;
}

export interface Social {
  readonly client: Client;
  readonly now: () => number;
  /** Hears why a request was refused. */
  readonly answered: (code: string) => void;
  readonly feed: HTMLElement;
  readonly party: HTMLElement;
  readonly memberList: HTMLElement;
  readonly inviteButton: HTMLButtonElement;
  readonly leaveButton: HTMLButtonElement;
  readonly nearby: HTMLElement;
  readonly invitation: HTMLElement;
  readonly invitationText: HTMLElement;
  readonly scores: HTMLElement;
  readonly scoreRows: HTMLElement;
  readonly scoreFoot: HTMLElement;
  members: MemberRow[];
  invitedUntilMs: number;
  isScoring: boolean;
  askedMs: number;
}

export function createSocial(client: Client, now: () => number, answered: (code: string) => void): Social {
  const feed = addElement('ol', 'feed', document.body);
  feed.setAttribute('aria-label', 'Kills');
  const party = addElement('section', 'party', document.body);
  party.hidden = true;
  party.setAttribute('aria-label', 'Party');
  const memberList = addElement('ol', '', party);
  const nearby = addElement('div', 'nearby', party);
  nearby.hidden = true;
  const buttons = addElement('div', 'buttons', party);
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
    client,
    now,
    answered,
    feed,
    party,
    memberList,
    inviteButton: addButton('link', buttons, 'Invite…', () => toggleNearby(social)),
    leaveButton: addButton('link', buttons, 'Leave', () => ask(social, 'leaveParty')),
    nearby,
    invitation,
    invitationText,
    scores,
    scoreRows: addElement('div', '', scores),
    scoreFoot: addElement('p', '', scores),
    members: [],
    invitedUntilMs: 0,
    isScoring: false,
    askedMs: 0,
  };
  addButton('primary', invitation, 'Accept (Y)', () => answerInvitation(social, true));
  addButton('link', invitation, 'Decline', () => answerInvitation(social, false));
  return social;
}

export function ask(social: Social, request: string, values: Values = {}): void {
  sendRequest(social.client, request, values, social.now(), (refused) => {
    if (refused !== '') social.answered(refused);
  });
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
  setHidden(social.party, !isPlaying);
  for (const member of social.members) updateMember(social, member);
  if (!social.isScoring || !isPlaying || now - social.askedMs < SCORES_MS) return;
  social.askedMs = now;
  ask(social, 'scores');
}

function updateMember({ client }: Social, { name, root, note }: MemberRow): void {
  const { interpolation, own, welcome } = client;
  let health = name === welcome?.name ? (own.columns.health ?? 0) : -1;
  if (health < 0) {
    for (const view of interpolation.views.values()) {
      if (view.kind === PLAYER && view.name === name) health = view.columns.health ?? 0;
    }
  }
  root.classList.toggle('away', health < 0);
  root.classList.toggle('dead', health === 0);
  setVariable(root, '--part', (Math.max(0, health) / HEALTH_MAX).toFixed(3));
  setText(note, health < 0 ? 'away' : health === 0 ? 'dead' : String(health));
}

/** @param members names with commas between, the leader first. */
export function showMembers(social: Social, members: string): void {
  const names = members === '' ? [] : members.split(',');
  social.memberList.replaceChildren();
  social.members = names.map((name, index) => {
    const root = addElement('li', index === 0 ? 'member leader' : 'member', social.memberList);
    addElement('i', 'fill', root);
    addElement('b', '', root, name);
    return { name, root, note: addElement('span', '', root) };
  });
  const isLeader = names.length === 0 || names[0] === social.client.welcome?.name;
  setHidden(social.leaveButton, names.length === 0);
  setHidden(social.inviteButton, !isLeader || names.length >= PARTY_SIZE_MAX);
  setText(social.inviteButton, names.length === 0 ? 'Form a party…' : 'Invite…');
  setHidden(social.nearby, true);
}

/** Players within sight, to be invited by a touch. */
function toggleNearby(social: Social): void {
  const { nearby, client } = social;
  setHidden(nearby, !nearby.hidden);
  if (nearby.hidden) return;
  nearby.replaceChildren();
  const { own, interpolation } = client;
  const views = [...interpolation.views.values()].filter(({ kind, name }) => kind === PLAYER && name !== '');
  views.sort((a, b) => Math.hypot(a.x - own.x, a.z - own.z) - Math.hypot(b.x - own.x, b.z - own.z));
  for (const { name } of views.slice(0, NEARBY_MAX)) {
    addButton('nearby-name', nearby, name, () => {
      setHidden(nearby, true);
      ask(social, 'invite', { name });
    });
  }
  if (views.length === 0) addElement('p', '', nearby, 'Nobody is near.');
}

export function showInvitation(social: Social, from: string): void {
  setText(social.invitationText, `${from} asks you to join a party.`);
  social.invitedUntilMs = social.now() + INVITE_MS;
}

export function answerInvitation(social: Social, isAccepted: boolean): void {
  if (social.now() >= social.invitedUntilMs) return;
  social.invitedUntilMs = 0;
  ask(social, isAccepted ? 'accept' : 'decline');
}

export function kindName(kind: number): string {
  return Object.entries(KINDS).find(([, each]) => each === kind)?.[0] ?? 'something';
}

/** @param name of the dead, if a player; else `kind` says what it was. */
export function addKill(social: Social, values: Values, kind: number): void {
  const own = social.client.welcome?.name;
  const by = String(values.by) === '' ? `a ${kindName(Number(values.byKind))}` : String(values.by);
  const dead = String(values.name) === '' ? `a ${kindName(kind)}` : String(values.name);
  const line = addElement('li', '', social.feed);
  addElement('b', by === own ? 'own' : '', line, by);
  addElement('span', '', line, ABILITIES[Number(values.ability)]?.name ?? '');
  addElement('b', dead === own ? 'own' : '', line, dead);
  if (by === own || dead === own) line.className = dead === own ? 'lost' : 'won';
  while (social.feed.childElementCount > FEED_MAX) social.feed.firstElementChild?.remove();
  setTimeout(() => line.remove(), FEED_MS);
}

export function showScores(social: Social, isOpen: boolean): void {
  if (social.isScoring !== isOpen) social.askedMs = 0;
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
