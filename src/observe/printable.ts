/** What would steer a terminal, or is not to be seen, is a question mark. Pure. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?');
}
