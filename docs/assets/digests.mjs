// MD5 and SHA-256 over UTF-8 text: browsers have the first nowhere, the second only on https.

const utf8 = (text) => new TextEncoder().encode(text);
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();

/** The text's bytes, padded to whole blocks of 64 with their length in bits at the end. */
function padded(text, littleEndian) {
  const bytes = utf8(text);
  const data = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
  data.set(bytes);
  data[bytes.length] = 0x80;
  const view = new DataView(data.buffer);
  const bits = BigInt(bytes.length) * 8n;
  view.setBigUint64(data.length - 8, bits, littleEndian);
  return view;
}

const SINES = Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));
const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const left = (word, by) => (word << by) | (word >>> (32 - by));
const right = (word, by) => (word >>> by) | (word << (32 - by));

/** MD5 of a text, in upper-case hexadecimal. */
export function md5(text) {
  const view = padded(text, true);
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  for (let block = 0; block < view.byteLength; block += 64) {
    let [a, b, c, d] = state;
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      const mixed = [(b & c) | (~b & d), (d & b) | (~d & c), b ^ c ^ d, c ^ (b | ~d)][round];
      const word = [i, 5 * i + 1, 3 * i + 5, 7 * i][round] % 16;
      const sum = (a + mixed + SINES[i] + view.getInt32(block + word * 4, true)) | 0;
      [a, d, c, b] = [d, c, b, (b + left(sum, SHIFTS[round * 4 + (i % 4)])) | 0];
    }
    [a, b, c, d].forEach((word, i) => (state[i] += word));
  }
  return hex(new Uint8Array(state.buffer));
}

const isPrime = (n) => Array.from({ length: n - 2 }, (_, i) => i + 2).every((d) => d * d > n || n % d);
const PRIMES = Array.from({ length: 310 }, (_, i) => i + 2).filter(isPrime).slice(0, 64);
const fraction = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
const CUBES = PRIMES.map((prime) => fraction(Math.cbrt(prime)));
const ROOTS = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

/** SHA-256 of a text, in upper-case hexadecimal. */
export function sha256(text) {
  const view = padded(text, false);
  const state = Int32Array.from(ROOTS);
  for (let block = 0; block < view.byteLength; block += 64) {
    const words = Array.from({ length: 16 }, (_, i) => view.getInt32(block + i * 4));
    for (let i = 16; i < 64; i++) {
      const [x, y] = [words[i - 15], words[i - 2]];
      const first = right(x, 7) ^ right(x, 18) ^ (x >>> 3);
      const second = right(y, 17) ^ right(y, 19) ^ (y >>> 10);
      words[i] = (words[i - 16] + first + words[i - 7] + second) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const choice = (e & f) ^ (~e & g);
      const most = (a & b) ^ (a & c) ^ (b & c);
      const one = (h + (right(e, 6) ^ right(e, 11) ^ right(e, 25)) + choice + CUBES[i] + words[i]) | 0;
      const two = ((right(a, 2) ^ right(a, 13) ^ right(a, 22)) + most) | 0;
      [a, b, c, d, e, f, g, h] = [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] += word));
  }
  const bytes = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => bytes.setInt32(i * 4, word));
  return hex(new Uint8Array(bytes.buffer));
}

/** What is signed, without the key: sorted by name, joined. */
export function canonical(pairs) {
  return pairs
    .filter(([name]) => name !== "sign" && name !== "sign_type")
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}
