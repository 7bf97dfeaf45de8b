/** Bytes of one message of a child at most: a state, an opinion and its reasoning are far below. */
export const MAX_FRAME = 2 * 1024 * 1024;

const HEADER = 4;

/** A message as it crosses the pipe: its length in four bytes, then its bytes. */
export function frame(payload: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(HEADER + payload.byteLength);
  framed.writeUInt32LE(payload.byteLength, 0);
  framed.set(payload, HEADER);
  return framed;
}

/**
 * Cuts a stream of bytes into messages. The other side may write anything, in pieces of any size: no more than one message is
 * ever held, and each byte is copied once.
 */
export class FrameReader {
  private readonly header = Buffer.alloc(HEADER);
  private headed = 0;
  private body: Buffer | null = null;
  private filled = 0;

  constructor(private readonly most: number = MAX_FRAME) {}

  /** @throws RangeError for a message that is longer than allowed; the stream is of no use then */
  push(chunk: Buffer, onMessage: (payload: Buffer) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.body === null) {
        const taken = chunk.copy(this.header, this.headed, at, at + HEADER - this.headed);
        this.headed += taken;
        at += taken;
        if (this.headed < HEADER) return;
        const length = this.header.readUInt32LE(0);
        if (length > this.most) throw new RangeError(`a message of ${length} bytes, ${this.most} are allowed`);
        if (at + length <= chunk.length) {
          // the usual case: the message is whole, nothing is copied
          this.headed = 0;
          onMessage(chunk.subarray(at, at + length));
          at += length;
          continue;
        }
        this.body = Buffer.allocUnsafeSlow(length);
        this.filled = 0;
      }
      const taken = chunk.copy(this.body, this.filled, at);
      this.filled += taken;
      at += taken;
      if (this.filled < this.body.length) return;
      const whole = this.body;
      this.body = null;
      this.headed = 0;
      onMessage(whole);
    }
  }
}
