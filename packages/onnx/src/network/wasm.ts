// The part of WebAssembly's binary format that the kernel needs: https://webassembly.github.io/spec/core/binary/

export const F64_BYTES = 8;
const I32 = 0x7f;
const V128 = 0x7b;

export const op = {
  loop: 0x03,
  end: 0x0b,
  brIf: 0x0d,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
  const: 0x41,
  lessUnsigned: 0x49,
  add: 0x6a,
} as const;

/** Instructions on vectors of two doubles, or of two 64-bit integers. */
export const simd = {
  load: [0xfd, 0x00],
  loadTwice: [0xfd, 0x0a],
  store: [0xfd, 0x0b],
  demote: [0xfd, 0x5e],
  promote: [0xfd, 0x5f],
  shl: [0xfd, 0xcb, 0x01],
  addWhole: [0xfd, 0xce, 0x01],
  add: [0xfd, 0xf0, 0x01],
  sub: [0xfd, 0xf1, 0x01],
  mul: [0xfd, 0xf2, 0x01],
  div: [0xfd, 0xf3, 0x01],
  /** b < a ? b : a */
  pmin: [0xfd, 0xf6, 0x01],
  /** a < b ? b : a */
  pmax: [0xfd, 0xf7, 0x01],
} as const;

/** A function's body with its locals: so many addresses, then so many vectors. */
export function code([addresses, vectors]: readonly [number, number], body: readonly number[]): readonly number[] {
  return [2, addresses, I32, vectors, V128].concat(body);
}

/** A module that imports its memory as m.m and exports one function, `run`, without parameters. */
export function moduleOf(content: readonly number[]): Uint8Array {
  const section = (id: number, bytes: readonly number[]): number[] => [id, ...unsigned(bytes.length)].concat(bytes);
  const name = (text: string): number[] => [text.length, ...Array.from(text, (letter) => letter.charCodeAt(0))];
  return Uint8Array.from(
    [
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, [1, 0x60, 0, 0]),
      ...section(2, [1, ...name('m'), ...name('m'), 2, 0, 0]),
      ...section(3, [1, 0]),
      ...section(7, [1, ...name('run'), 0, 0]),
    ].concat(section(10, [1, ...unsigned(content.length)].concat(content))),
  );
}

/** LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    const low = rest % 128;
    if (rest < 128) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

export function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const low = rest & 0x7f;
    if (rest >> 7 === 0 && (low & 0x40) === 0) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}
