import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../platform/sdl.ts';
import { decodeHtml, decodeJson } from './charset.ts';

const fixture = (name: string) => readFileSync(join(packageRoot, 'test', 'fixtures', 'encodings', name));
const bytes = (...list: number[]) => Uint8Array.from(list);

describe('decodeHtml', () => {
  // The same page in each language says its encoding in <meta>, save where the name says otherwise.
  it.each([
    ['chinese-gbk.html', undefined, '数据流'],
    ['japanese-shift_jis.html', undefined, 'ソースコード表'],
    ['japanese-euc-jp.html', undefined, '日本語の本'],
    ['french-windows-1252.html', undefined, 'Prix : 12,50 € — l’été'],
    ['russian-windows-1251-no-meta.html', 'windows-1251', 'Цена и качество'],
    ['german-utf-8-no-meta.html', undefined, 'Größe: 3,5 €'],
    ['polish-utf-16le-bom.html', undefined, 'Zażółć gęślą jaźń'],
  ])('reads %s (header: %s)', async (name, charset, expected) => {
    expect(await decodeHtml(fixture(name), charset)).toContain(expected);
  });

  it('believes the byte order mark before the header, and the header before <meta>', async () => {
    const marked = Buffer.from('\ufeff<meta charset="gbk">é');
    expect(await decodeHtml(marked, 'windows-1252')).toBe('<meta charset="gbk">é');
    expect(await decodeHtml(Buffer.from('<meta charset="gbk">é'), 'UTF-8')).toBe('<meta charset="gbk">é');
  });

  it('takes what says nothing for UTF-8, else for windows-1252', async () => {
    expect(await decodeHtml(Buffer.from('<p>€'), undefined)).toBe('<p>€');
    expect(await decodeHtml(bytes(0x80, 0x92, 0xe9), undefined)).toBe('€’é');
  });

  it('passes over a header that names no encoding', async () => {
    expect(await decodeHtml(Buffer.from('<p>é'), 'no-such')).toBe('<p>é');
  });

  it('says which encoding it cannot read', async () => {
    await expect(decodeHtml(bytes(1), 'iso-2022-kr')).rejects.toMatchObject({ code: 'BAD_CONTENT' });
  });
});

describe('decodeJson', () => {
  it('reads UTF-8 with and without a mark, and UTF-16 with one', async () => {
    expect(await decodeJson(Buffer.from('"é"'), undefined)).toBe('"é"');
    expect(await decodeJson(Buffer.from('\ufeff"é"'), undefined)).toBe('"é"');
    expect(await decodeJson(bytes(0xff, 0xfe, 0x22, 0, 0xe9, 0, 0x22, 0), undefined)).toBe('"é"');
  });

  it('reads another encoding only where the header says so', async () => {
    expect(await decodeJson(bytes(0x22, 0xca, 0xfd, 0x22), 'gbk')).toBe('"数"');
    await expect(decodeJson(bytes(0x22, 0xca, 0xfd, 0x22), undefined)).rejects.toMatchObject({
      code: 'BAD_CONTENT',
    });
  });
});
