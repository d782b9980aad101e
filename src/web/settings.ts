// The menu: what the player switches, kept between visits. Browser main thread.

import { keptValue } from './browser-ports.ts';
import { addButton, addElement, setHidden, setText } from './dom.ts';

export interface Toggle {
  readonly label: string;
  /** The value of the switch; its setter takes effect at once. */
  readonly get: () => boolean;
  readonly set: (isOn: boolean) => void;
}

export interface Settings {
  readonly root: HTMLElement;
  readonly refresh: (() => void)[];
  readonly name: HTMLInputElement;
  readonly nameNote: HTMLElement;
}

export interface SettingsParts {
  readonly toggles: readonly Toggle[];
  /** Puts what a game has of its own into the menu, and says how to bring it up to date. */
  readonly addOwn?: ((root: HTMLElement) => () => void) | undefined;
  readonly help: readonly string[];
  /** The player wants to be called so. */
  readonly renamed: (name: string) => void;
  readonly left: () => void;
}

const NAME_NOTE = 'Another name is another character: gold and kills stay with this one.';

/** A switch that remembers: `kept` holds 'on' or 'off'. */
export function keptSwitch(key: string, isOnAtFirst: boolean): { isOn: boolean; save(isOn: boolean): void } {
  const kept = keptValue(key);
  const value = kept.load();
  return {
    isOn: value === undefined ? isOnAtFirst : value === 'on',
    save(isOn) {
      this.isOn = isOn;
      kept.save(isOn ? 'on' : 'off');
    },
  };
}

export function createSettings({ toggles, addOwn, help, renamed, left }: SettingsParts): Settings {
  const root = addElement('section', 'settings', document.body);
  root.hidden = true;
  root.setAttribute('aria-label', 'Settings');
  addElement('h2', '', root, 'Settings');
  const settings: Settings = { root, refresh: [], ...addNameForm(root, renamed) };
  for (const toggle of toggles) {
    const button = addButton('toggle', root, toggle.label, () => {
      toggle.set(!toggle.get());
      refresh();
    });
    button.setAttribute('role', 'switch');
    const refresh = (): void => button.setAttribute('aria-checked', String(toggle.get()));
    refresh();
    settings.refresh.push(refresh);
  }
  if (addOwn !== undefined) settings.refresh.push(addOwn(root));
  if (help.length > 0) {
    const list = addElement('ul', 'keys', root);
    for (const line of help) addElement('li', '', list, line);
  }
  addButton('primary', root, 'Back to the game', () => setHidden(root, true));
  addButton('link', root, 'Leave the game', () => {
    setHidden(root, true);
    left();
  });
  root.addEventListener('keydown', (event) => {
    if (event.code !== 'Escape') return;
    event.stopPropagation();
    setHidden(root, true);
  });
  return settings;
}

function addNameForm(root: HTMLElement, renamed: (name: string) => void): Pick<Settings, 'name' | 'nameNote'> {
  const form = addElement('form', 'rename', root);
  form.autocomplete = 'off';
  const label = addElement('label', '', form, 'Name');
  const name = addElement('input', '', label);
  name.id = 'new-name';
  name.maxLength = 24;
  name.required = true;
  name.spellcheck = false;
  name.pattern = '[A-Za-z0-9_.\\-]{3,24}';
  name.title = '3 to 24 letters, digits, dots, dashes, underscores';
  const button = addElement('button', 'primary', form, 'Change');
  const nameNote = addElement('p', 'sub', root, NAME_NOTE);
  nameNote.setAttribute('role', 'status');
  let before = '';
  name.addEventListener('focus', () => {
    before = name.value;
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    button.blur();
    name.blur();
    if (name.value === before) return;
    setHidden(root, true);
    renamed(name.value);
  });
  return { name, nameNote };
}

/** @param problem why the name that was asked for is not theirs now */
export function showSettings(settings: Settings, isOpen: boolean, name: string, problem = ''): void {
  setHidden(settings.root, !isOpen);
  settings.name.value = name;
  setText(settings.nameNote, problem === '' ? NAME_NOTE : problem);
  settings.nameNote.classList.toggle('bad', problem !== '');
  for (const refresh of settings.refresh) refresh();
}
