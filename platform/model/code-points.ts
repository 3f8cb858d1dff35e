/** As `<` does, but by code point, as SQLite's BINARY order: UTF-16 would put U+FFFF behind U+10000. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    const isLeftSurrogate = isSurrogate(left);
    return isLeftSurrogate === isSurrogate(right) ? left - right : isLeftSurrogate ? 1 : -1;
  }
  return a.length - b.length;
}

/** Surrogates stand for what is beyond U+FFFF, so they go behind all other units. */
function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
