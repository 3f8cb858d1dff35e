/** Pictures without a painter: a coloured card for each product. */
export function picture(sku: string): string {
  const hue = (Number(sku.replace(/\D/g, '')) * 47) % 360;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"><rect width="40" height="30" fill="hsl(${hue} 40% 72%)"/><circle cx="20" cy="14" r="7" fill="hsl(${(hue + 40) % 360} 55% 45%)"/><rect x="13" y="22" width="14" height="2" rx="1" fill="hsl(${hue} 35% 30%)"/></svg>`;
}

/** The characters of windows-1252 that ISO 8859-1 does not have where it has them. */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** What the encoding cannot say becomes a numeric reference, as browsers write it into forms. */
export function encodeWindows1252(text: string): Buffer {
  const bytes = [...text].flatMap((character) => {
    const code = character.codePointAt(0) ?? 0;
    const extra = WINDOWS_1252.indexOf(character);
    if (extra >= 0) return [0x80 + extra];
    if (code < 0x80 || (code >= 0xa0 && code <= 0xff)) return [code];
    return [...Buffer.from(`&#${code};`)];
  });
  return Buffer.from(bytes);
}
