import { describe, expect, it } from 'vitest';
import { frame, FrameReader } from './frames.js';

const messages = ['', 'a', 'two words', 'x'.repeat(70_000)];
const stream = Buffer.concat(messages.map((text) => frame(Buffer.from(text))));

function read(chunks: readonly Buffer[], most?: number): string[] {
  const heard: string[] = [];
  const reader = new FrameReader(most);
  for (const chunk of chunks) reader.push(chunk, (payload) => heard.push(payload.toString()));
  return heard;
}
const cut = (size: number): Buffer[] =>
  Array.from({ length: Math.ceil(stream.length / size) }, (_, i) => stream.subarray(i * size, (i + 1) * size));

describe('messages on a pipe', () => {
  it.each([1, 2, 3, 5, 7, 4096, stream.length])('come out whole from pieces of %i bytes', (size) => {
    expect(read(cut(size))).toEqual(messages);
  });

  it('one that is longer than allowed is refused by its first four bytes, before anything of it is kept', () => {
    const header = Buffer.alloc(4);
    header.writeUInt32LE(0xffff_ffff);
    expect(() => read([header])).toThrow(RangeError);
    expect(() => read([header.subarray(0, 2), header.subarray(2)])).toThrow(/4294967295 bytes/);
    expect(read([frame(Buffer.alloc(10))], 10)).toHaveLength(1);
    expect(() => read([frame(Buffer.alloc(11))], 10)).toThrow(RangeError);
  });
});
