import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskDates, plainText } from './text.js';

describe('text of others', () => {
  it.each([
    ['see https://evil.example/a?b=c now', 'see [link] now'],
    ['![x](https://evil.example/p.png)', '![x]([link]'],
    ['www.evil.example/x', '[link]'],
    ['evil.example', '[link]'],
    ['javascript:alert(1)', '[link]'],
    ['data:text/html;base64,AAAA', '[link]'],
    ['10.0.0.1:8080/admin', '[link]'],
    ['ｈｔｔｐｓ://evil.example', '[link]'],
    ['ht\u200btps://evil.example', '[link]'],
    ['a\u0000b\u001b[31mc\u202ed', 'ab[31mcd'],
    ['tag \u{e0041}\u{e0042} end', 'tag end'],
    ['smuggled \ufe00\u{e0101}\u{e01ef} bytes', 'smuggled bytes'],
    ['line\r\n\r\nline', 'line line'],
    ['lone \ud800 half', 'lone half'],
    ['The dollar rose 0.3 %, e.g. against MXN.', 'The dollar rose 0.3 %, e.g. against MXN.'],
  ])('%j becomes %j', (text, wanted) => expect(plainText(text, 200)).toBe(wanted));

  it('is bounded in characters, not half ones', () => {
    expect(plainText('😀'.repeat(50), 10)).toBe('😀'.repeat(10));
    expect(plainText('a'.repeat(10_000), 4096)).toHaveLength(4096);
  });
  it('whatever comes in: no control or invisible character and no address comes out', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), fc.webUrl({ size: 'small' }), (text, url) => {
        const plain = plainText(`${text} ${url} ${text}`, 300);
        return !/\p{C}/u.test(plain) && !plain.includes('://') && [...plain].length <= 300;
      }),
      { numRuns: 200 },
    );
  });
  it('hostile lengths take bounded time', () => {
    const started = performance.now();
    for (const part of ['a.', 'a-', 'a+', '1.', ' 1 ', 'a', '1 de ']) maskDates(plainText(part.repeat(8_000), 4096));
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('dates are masked', () => {
  it.each([
    '2024-03-05',
    '2024-03-05T13:05:00Z',
    '2024/03/05',
    '05/03/2024',
    '5.3.2024',
    '5-3-24',
    'March 5, 2024',
    'Mar 5',
    '5 March 2024',
    '5th of March 2024',
    '5 de marzo de 2024',
    'marzo de 2024',
    'Sept. 2024',
    'Q3 2024',
    '2008',
  ])('%s', (date) => {
    const masked = maskDates(`On ${date} the peso fell`);
    expect(masked).toMatch(/^On (?:\[date\][ ,.]*)+ ?the peso fell$/);
  });
  it('numbers that are no dates stay', () => {
    expect(maskDates('up 12.5 bp to 4312.25, may rise, 3 of 5')).toBe('up 12.5 bp to 4312.25, may rise, 3 of 5');
  });
});
