const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);
const double = new Float64Array(1);
const doubleBits = new BigInt64Array(double.buffer);

/** The largest number below `x`, float32 or float64; of the least one itself. */
export function nextBelow(x: number, single: boolean): number {
  if (x === -Infinity || Number.isNaN(x)) return x;
  if (single) {
    float[0] = x;
    // below zero, of either sign, lies the smallest negative number
    if (float[0] === 0) return -(2 ** -149);
    floatBits[0]! += float[0]! > 0 ? -1 : 1;
    return float[0]!;
  }
  if (x === 0) return -Number.MIN_VALUE;
  double[0] = x;
  doubleBits[0]! += x > 0 ? -1n : 1n;
  return double[0];
}
