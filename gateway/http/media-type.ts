/** The media types of an answer. */
export type ResponseType = 'application/graphql-response+json' | 'application/json';

/**
 * What an answer is written as, by the request's `Accept`. Whoever names neither type (`*`/`*`, or no header at all) gets
 * `application/json`, since clients from before the specification read nothing else.
 *
 * @returns Undefined where the client takes neither.
 * @see https://graphql.github.io/graphql-over-http/draft/#sec-Legacy-Watershed
 */
export function negotiate(accept: string | undefined): ResponseType | undefined {
  if (accept === undefined || accept.trim() === '') return 'application/json';
  const weights = new Map(accept.split(',').map(readRange));
  const wildcard = weights.get('application/*') ?? weights.get('*/*') ?? 0;
  const modern = weights.get('application/graphql-response+json') ?? 0;
  const legacy = weights.get('application/json') ?? wildcard;
  if (modern > 0 && modern >= legacy) return 'application/graphql-response+json';
  return legacy > 0 ? 'application/json' : undefined;
}

/** One media range with its weight: 0 where it is not taken, or wants a character set that JSON is not written in. */
function readRange(range: string): [type: string, weight: number] {
  const [type = '', ...parameters] = range
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  let weight = 1;
  for (const parameter of parameters) {
    const [name, value = ''] = parameter.split('=').map((part) => part.trim());
    if (name === 'q') weight = Number(value) || 0;
    if (name === 'charset' && !isUtf8(value)) weight = 0;
  }
  return [type, weight];
}

/** Whether a request's body is JSON as the specification wants it: in UTF-8, which also is the default. */
export function isJson(contentType: string | undefined): boolean {
  const [type, ...parameters] = (contentType ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  if (type !== 'application/json') return false;
  return parameters.every((parameter) => {
    const [name, value = ''] = parameter.split('=').map((part) => part.trim());
    return name !== 'charset' || isUtf8(value);
  });
}

function isUtf8(charset: string): boolean {
  return /^"?utf-?8"?$/.test(charset);
}
