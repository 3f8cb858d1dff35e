/** An object of JSON that others wrote: looked at, never trusted to have a shape. */
export type Json = Readonly<Record<string, unknown>>;

/** @returns undefined for what is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @returns Without anything in it where it is none. */
export function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

/** @returns Empty where it is no list. */
export function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

/** Those of the object's fields that are named, as far as it has them. */
export function picked(object: Json, names: readonly string[]): Json {
  return Object.fromEntries(names.filter((name) => name in object).map((name) => [name, object[name]]));
}
