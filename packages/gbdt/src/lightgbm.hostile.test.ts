/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { loadLightGBM } from './lightgbm.js';

const fixture = readFileSync(new URL('../test/fixtures/kinds-lightgbm-4.7.0.json.gz', import.meta.url));
const { kinds } = JSON.parse(gunzipSync(fixture).toString()) as { kinds: Record<string, { text: string }> };
const good = kinds['multiclass-categories']!.text;
const plain = kinds['regression']!.text;
const encode = (text: string) => new TextEncoder().encode(text);
/** The first line `key=…` with another value; fails when there is none, so that no case tests the file as it was. */
const set = (key: string, change: string | ((value: string) => string), text = plain): Uint8Array => {
  const line = new RegExp(`^${key}=(.*)$`, 'm');
  expect(text).toMatch(line);
  return encode(
    text.replace(line, (_, value: string) => `${key}=${typeof change === 'string' ? change : change(value)}`),
  );
};
const item = (i: number, token: string) => (value: string) =>
  value
    .split(' ')
    .map((old, k) => (k === i ? token : old))
    .join(' ');
const failure = (bytes: Uint8Array): { name: string; code: string; remedy: string; message: string } => {
  try {
    loadLightGBM(bytes);
  } catch (error) {
    return error as never;
  }
  throw new Error('the file was loaded');
};

describe('malformed files are refused with MODEL_MALFORMED, naming the place', () => {
  const cases: [string, () => Uint8Array, RegExp][] = [
    ['empty', () => new Uint8Array(), /empty/],
    ['not UTF-8', () => Uint8Array.of(0x74, 0xff, 0xfe), /UTF-8/],
    ['another text', () => encode('{"version":[3,2,0]}'), /"tree"/],
    ['cut off', () => encode(plain.slice(0, plain.length >> 2)), /cut off/],
    ['no tree at all', () => encode('tree\n'), /cut off/],
    ['a tree less', () => encode(plain.replace(/Tree=4[^]*end of trees/, 'end of trees')), /tree_sizes says 5/],
    ['a tree twice', () => set('Tree', '1'), /tree 0 is numbered/],
    ['a key twice', () => encode(plain.replace('num_leaves', 'num_leaves=3\nnum_leaves')), /stands twice/],
    ['no outputs', () => set('num_tree_per_iteration', '0'), /num_tree_per_iteration/],
    ['huge outputs', () => set('num_tree_per_iteration', '4294967295'), /num_tree_per_iteration/],
    ['no whole number of rounds', () => set('num_tree_per_iteration', '2'), /whole number of rounds/],
    ['huge feature count', () => set('max_feature_idx', '999999999'), /max_feature_idx/],
    ['huge leaf count', () => set('num_leaves', '4000000000'), /num_leaves/],
    ['another leaf count', () => set('num_leaves', '9'), /leaf_value has 8 entries instead of 9/],
    ['no leaf', () => set('num_leaves', '0'), /num_leaves/],
    ['a child that points back (cycle)', () => set('left_child', item(1, '0')), /reached twice/],
    ['a child beyond the tree', () => set('left_child', item(0, '7')), /left_child\[0\]/],
    ['a leaf beyond the tree', () => set('right_child', item(0, '-9')), /right_child\[0\]/],
    ['a child that is no whole number', () => set('left_child', item(0, '1.5')), /left_child\[0\]/],
    ['fewer children than splits', () => set('left_child', '1 2'), /left_child has 2 entries/],
    ['more children than splits', () => set('left_child', (v) => `${v} 1`), /left_child has more than 7/],
    ['a feature beyond the model', () => set('split_feature', item(0, '4')), /split_feature\[0\]/],
    ['a NaN threshold', () => set('threshold', item(0, 'nan')), /threshold.*NaN/],
    ['a threshold that is no number', () => set('threshold', item(0, '0x10')), /threshold\[0\]/],
    ['an infinite leaf', () => set('leaf_value', item(0, 'inf')), /leaf/],
    ['a decision of an unknown kind', () => set('decision_type', item(0, '12')), /decision_type\[0\]/],
    ['a categorical split without sets', () => set('decision_type', item(0, '1')), /category set/],
    ['sets that do not rise', () => set('cat_boundaries', item(1, '0'), good), /cat_boundaries/],
    [
      'sets beyond the words',
      () => set('cat_boundaries', (v) => v.replace(/\d+$/, '2147483647'), good),
      /cat_threshold/,
    ],
    ['a word of more than 32 bits', () => set('cat_threshold', item(0, '4294967296'), good), /cat_threshold\[0\]/],
    ['a negative word', () => set('cat_threshold', item(0, '-1'), good), /cat_threshold\[0\]/],
    ['a name less', () => set('feature_names', 'a b c'), /feature_names/],
    ['a name twice', () => set('feature_names', 'a b c a'), /feature_names.*twice/],
    ['other classes than trees', () => set('objective', 'multiclass num_class:4', good), /4 classes/],
    ['a sigmoid that is no number', () => set('objective', 'binary sigmoid:x'), /sigmoid/],
    ['a sigmoid of 0', () => set('objective', 'binary sigmoid:0'), /sigmoid/],
  ];
  it.each(cases)('%s', (_, make, message) => {
    const error = failure(make());
    expect(error).toMatchObject({ name: 'SignalboxError', code: 'MODEL_MALFORMED' });
    expect(error.message).toMatch(message);
    expect(error.remedy).not.toBe('');
  });
});

describe('sound files of another kind are refused by name with MODEL_UNSUPPORTED', () => {
  it.each([
    ['another objective', () => set('objective', 'newloss'), /"newloss"/],
    ['an objective named like a property of objects', () => set('objective', 'constructor'), /"constructor"/],
    ['an old format', () => set('version', 'v2'), /"v2"/],
    ['linear leaves', () => set('is_linear', '1'), /linear_tree/],
    ['a pickle', () => Uint8Array.of(0x80, 0x04, 0x95), /pickle/],
  ] as [string, () => Uint8Array, RegExp][])('%s', (_, make, message) => {
    const error = failure(make());
    expect(error.code).toBe('MODEL_UNSUPPORTED');
    expect(error.message).toMatch(message);
  });
});

describe('what may differ', () => {
  it('thresholds of inf and -inf: everything but missing values goes left, or right', () => {
    const model = (threshold: string) =>
      loadLightGBM(
        encode(
          `tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=0\nobjective=regression\n` +
            `feature_names=a\ntree_sizes=1\n\nTree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold=${threshold}\n` +
            `decision_type=8\nleft_child=-1\nright_child=-2\nleaf_value=1 2\nis_linear=0\nshrinkage=1\n\nend of trees\n`,
        ),
      );
    const answers = (threshold: string) =>
      [-Infinity, -1, 0, 1e308, Infinity, NaN].map((x) => model(threshold).predict(Float64Array.of(x))[0]);
    expect(answers('inf')).toEqual([1, 1, 1, 1, 1, 2]);
    expect(answers('-inf')).toEqual([1, 2, 2, 2, 2, 2]);
    expect(answers('1e300')).toEqual([1, 1, 1, 2, 2, 2]);
  });

  it('lines may end in CR LF', () => {
    const row = Float64Array.of(0.3, -0.2, 1, NaN);
    const windows = loadLightGBM(encode(plain.replaceAll('\n', '\r\n')));
    expect(windows.predict(row)).toEqual(loadLightGBM(encode(plain)).predict(row));
  });

  it('without an objective the sums are the prediction', () => {
    const model = loadLightGBM(encode(kinds['binary']!.text.replace(/^objective=.*\n/m, '')));
    const row = Float64Array.of(0.3, -0.2, 1, NaN);
    expect(model.predict(row)).toEqual(model.predictRaw(row));
  });
});

describe('hostile files cost bounded time', () => {
  it.each([
    ['a million lines', 'tree\n' + 'a\n'.repeat(1_000_000)],
    ['a line of ten million spaces', 'tree\nversion=' + ' '.repeat(10_000_000)],
    ['200,000 empty trees', 'tree\n' + Array.from({ length: 200_000 }, (_, i) => `Tree=${i}\n`).join('')],
    [
      'a list of a million numbers for two leaves',
      plain.replace(/leaf_value=/, `leaf_value=${'1 '.repeat(1_000_000)}`),
    ],
  ])('%s', (_, text) => {
    const start = performance.now();
    expect(failure(encode(text)).code).toBe('MODEL_MALFORMED');
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('a chain of 2,000 splits is refused at the depth limit', () => {
    const n = 2_000;
    const list = (make: (i: number) => number, count = n) => Array.from({ length: count }, (_, i) => make(i)).join(' ');
    const tree =
      `Tree=0\nnum_leaves=${n + 1}\nnum_cat=0\nsplit_feature=${list(() => 0)}\nthreshold=${list((i) => i)}\ndecision_type=${list(() => 2)}\n` +
      `left_child=${list((i) => -1 - i)}\nright_child=${list((i) => (i + 1 < n ? i + 1 : -1 - n))}\nleaf_value=${list((i) => i, n + 1)}\n\n`;
    const text = plain
      .replace(/Tree=0[^]*end of trees/, `${tree}end of trees`)
      .replace(/^tree_sizes=.*$/m, 'tree_sizes=1');
    expect(failure(encode(text)).message).toMatch(/deeper than the limit/);
  });
});

it('every truncation of the trees is refused', () => {
  const end = good.indexOf('end of trees') + 'end of trees'.length;
  for (let length = 0; length < end; length += 97)
    expect(failure(encode(good.slice(0, length))).code).toBe('MODEL_MALFORMED');
});

it('1,000 files with a few bytes changed: a coded error or a model that answers, nothing else', () => {
  let state = 1;
  const random = (below: number) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % below;
  const source = encode(good.slice(0, good.indexOf('feature_importances')));
  let loaded = 0;
  for (let i = 0; i < 1000; i++) {
    const bytes = source.slice();
    for (let k = random(4); k >= 0; k--) bytes[random(bytes.length)] = '0123456789-. =\nein'.charCodeAt(random(18));
    try {
      const model = loadLightGBM(bytes);
      expect(model.predict(new Float64Array(model.featureCount)).length).toBe(model.outputs);
      loaded++;
    } catch (error) {
      expect(error).toMatchObject({
        name: 'SignalboxError',
        code: expect.stringMatching(/^MODEL_(MALFORMED|UNSUPPORTED)$/),
      });
    }
  }
  expect(loaded).toBeGreaterThan(30);
});
