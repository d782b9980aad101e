// Building blocks of the page's panels. Text goes in as text alone: what players wrote never becomes markup. Browser
// main thread.

/** An element with a class and a text, put into `parent` when there is one. */
export function addElement<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  parent?: Element,
  text = '',
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== '') element.textContent = text;
  parent?.append(element);
  return element;
}

/** A button that doesn't keep the focus: the next key is for the game. */
export function addButton(className: string, parent: Element, text: string, pressed: () => void): HTMLButtonElement {
  const button = addElement('button', className, parent, text);
  button.type = 'button';
  button.addEventListener('click', () => {
    button.blur();
    pressed();
  });
  return button;
}

/** Writes a text only when it differs: an element that is told the same thing each frame costs no layout. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setHidden(element: HTMLElement, isHidden: boolean): void {
  if (element.hidden !== isHidden) element.hidden = isHidden;
}

/** A number that the style sheet reads, as `var(--name)`. */
export function setVariable(element: HTMLElement, name: string, value: string): void {
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
}

export function isTyping(event: Event): boolean {
  return event.target instanceof HTMLInputElement;
}

const SVG = 'http://www.w3.org/2000/svg';

/** A drawing of one path in a square of 24, coloured by its element's `color`. */
export function addIcon(parent: Element, path: string): void {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const shape = document.createElementNS(SVG, 'path');
  shape.setAttribute('d', path);
  shape.setAttribute('fill', 'currentColor');
  svg.append(shape);
  parent.append(svg);
}
