// The menu: what the player switches, kept between visits. Browser main thread.

import { keptValue } from './browser-ports.ts';
import { addButton, addElement, setHidden } from './dom.ts';

export interface Toggle {
  readonly label: string;
  /** The value of the switch; its setter takes effect at once. */
  readonly get: () => boolean;
  readonly set: (isOn: boolean) => void;
}

export interface Settings {
  readonly root: HTMLElement;
  readonly refresh: (() => void)[];
  readonly player: HTMLElement;
}

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

export function createSettings(toggles: readonly Toggle[], help: readonly string[], left: () => void): Settings {
  const root = addElement('section', 'settings', document.body);
  root.hidden = true;
  root.setAttribute('aria-label', 'Settings');
  addElement('h2', '', root, 'Settings');
  const player = addElement('p', 'sub', root);
  const settings: Settings = { root, refresh: [], player };
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
  if (help.length > 0) {
    const list = addElement('ul', 'keys', root);
    for (const line of help) addElement('li', '', list, line);
  }
  addButton('primary', root, 'Back to the game', () => setHidden(root, true));
  addButton('link', root, 'Leave, or change the name', () => {
    setHidden(root, true);
    left();
  });
  return settings;
}

export function showSettings(settings: Settings, isOpen: boolean, name: string): void {
  setHidden(settings.root, !isOpen);
  settings.player.textContent = name === '' ? '' : `You play as ${name}.`;
  for (const refresh of settings.refresh) refresh();
}
