import { MIMEType } from 'whatwg-mimetype';
import type { SourceFormat } from '../../platform/model/source-spec.ts';

export const ACCEPT: Readonly<Record<SourceFormat, string>> = {
  HTML: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5',
  JSON: 'application/json,text/json;q=0.9,*/*;q=0.5',
  XML: 'application/xml,text/xml,*/*;q=0.5',
  CSV: 'text/csv,text/plain;q=0.9,*/*;q=0.5',
};

export interface ContentType {
  readonly charset: string | undefined;
  /** Why a page of this type cannot be of the format; undefined where it may be. */
  readonly problem: string | undefined;
}

/** What the header says of a page that should be of a format. A missing or broken header says nothing. */
export function readContentType(header: string | undefined, format: SourceFormat): ContentType {
  const type = header === undefined ? null : MIMEType.parse(header);
  if (!type) return { charset: undefined, problem: undefined };
  const charset = type.parameters.get('charset') ?? undefined;
  return { charset, problem: typeProblem(type, format) };
}

function typeProblem(type: MIMEType, format: SourceFormat): string | undefined {
  if (format === 'JSON' && type.isHTML()) {
    return 'The site answered with an HTML page where JSON was wanted: check the address, or use format HTML.';
  }
  const isJson = type.essence === 'application/json' || type.subtype.endsWith('+json');
  if (format === 'HTML' && isJson) {
    return 'The site answered with JSON where an HTML page was wanted: use format JSON.';
  }
  // What is called binary may still be text that the server does not know.
  const isText =
    type.type === 'text' || type.type === 'application' || type.essence === 'binary/octet-stream';
  const isBinary = /^(pdf|zip|gzip|vnd\.(?!.*\+(json|xml)).*)$/.test(type.subtype);
  if (isText && !isBinary) return undefined;
  return `The site answered with ${type.essence} where ${format === 'HTML' ? 'an HTML page' : format} was wanted.`;
}
