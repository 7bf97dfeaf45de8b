import { Forest } from '../forest.js';
import { malformed, unsupported } from '../model-error.js';
import type { TreeModel } from '../model.js';
import { inputsOf, passColumns, type Columns } from './columns.js';
import { readEnsemble3 } from './ensemble-3.js';
import { readEnsemble5 } from './ensemble-5.js';
import { nameOf, type OnnxGraph, type OnnxGraphNode, type OnnxGraphTensor, type OnnxGraphValue } from './graph.js';
import { OnnxTreeModel, type Ensemble } from './model.js';
import { compileOperator, ZIPMAP, type Operand, type Register } from './operators.js';
import { scoresOf } from './scores.js';
import { arithmeticOf, treesOf } from './trees.js';

export interface OnnxTreeOptions {
  /** The output of the graph that is wanted; by default the only one of floating-point numbers. */
  readonly output?: string;
  /** Length of a row, for a file that leaves it open. */
  readonly featureCount?: number;
}

const ML = 'ai.onnx.ml';
const ENSEMBLES = ['TreeEnsembleClassifier', 'TreeEnsembleRegressor', 'TreeEnsemble'];

/**
 * Tree ensembles of an ONNX file that `readOnnx` of @signalbox/onnx has read, with the operators that XGBoost's, LightGBM's and
 * scikit-learn's converters put around them. `predict` gives the numbers of one output, in float32 where the graph computes so.
 *
 * @throws ModelError MODEL_MALFORMED for a graph that contradicts itself, MODEL_UNSUPPORTED naming operator, mode or output
 * @example
 * const model = loadOnnxTrees(readOnnx(await readFile('model.onnx')));
 * const [short, flat, long] = model.predict(Float64Array.of(0.1, NaN, 0.7));
 */
export function loadOnnxTrees(graph: OnnxGraph, options: OnnxTreeOptions = {}): TreeModel {
  const output = outputOf(graph, options.output);
  const inputs = inputsOf(graph, options.featureCount);
  const columns = new Map<string, Columns>(inputs.values);
  const constants = new Map<string, OnnxGraphTensor>(graph.initializers);
  const registers = new Map<string, Register>();
  const labels = new Set<string>();
  const ensembles: Ensemble[] = [];
  const steps: (() => void)[] = [];
  let trees = 0;
  const operand = (name: string, node: OnnxGraphNode): Operand => {
    const register = registers.get(name);
    if (register) return { register };
    const constant = constants.get(name);
    if (constant) return { constant };
    if (labels.has(name)) throw unsupported(`${nameOf(node)} of labels`, 'Export the scores of the classes.');
    throw malformed(nameOf(node), `its input ${JSON.stringify(name.slice(0, 80))} comes from nowhere before it`);
  };
  for (const node of neededFor(graph, output.name)) {
    const first = node.outputs[0] ?? '';
    for (const name of node.outputs)
      if (name && (columns.has(name) || registers.has(name) || constants.has(name) || labels.has(name)))
        throw malformed(nameOf(node), `its output ${JSON.stringify(name.slice(0, 80))} stands there already`);
    if (node.domain === ML && ENSEMBLES.includes(node.op)) {
      const input = columns.get(node.inputs[0] ?? '');
      if (!input)
        throw unsupported(
          `${nameOf(node)} of anything but the features`,
          'Convert the model alone, without preprocessing.',
        );
      const ensemble = ensembleOf(node, input);
      trees += ensemble.trees;
      ensembles.push(ensemble);
      const scores = node.op === 'TreeEnsembleClassifier' ? (node.outputs[1] ?? '') : first;
      if (scores !== first) labels.add(first);
      registers.set(scores, ensemble.register);
    } else if (node.domain === '' && node.op === 'Constant') {
      const value = node.attributes.get('value');
      if (value?.type !== 'tensor')
        throw unsupported(`${nameOf(node)} that is no tensor`, 'Fold constants before saving the model.');
      constants.set(first, value.value as OnnxGraphTensor);
    } else if (node.inputs.some((name) => columns.has(name))) {
      columns.set(
        first,
        passColumns(
          node,
          node.inputs.map((name) => columns.get(name)),
        ),
      );
    } else {
      const { register, step } = compileOperator(
        node,
        node.inputs.map((name) => operand(name, node)),
      );
      registers.set(first, register);
      if (step) steps.push(step);
    }
  }
  const result = registers.get(output.name);
  if (!result || ensembles.length === 0)
    throw unsupported(
      `output ${JSON.stringify(output.name.slice(0, 80))}, which no tree gives`,
      'Use a model of trees; others need their own evaluator.',
    );
  const facts = {
    features: inputs.features,
    featureCount: inputs.featureCount,
    rounds: trees,
    roundsInFile: trees,
    trees,
  };
  return new OnnxTreeModel(facts, ensembles, steps, result.data);
}

function ensembleOf(node: OnnxGraphNode, { columns, single }: Columns): Ensemble {
  const table = node.op === 'TreeEnsemble' ? readEnsemble5(node) : readEnsemble3(node);
  const arithmetic = arithmeticOf(table, single);
  const trees = treesOf(table, columns, arithmetic);
  const used = new Set(trees.map((tree) => tree.output));
  const scores = scoresOf(node, table.outputs, table.roots.length, used, single);
  // the older operators give float32 whatever they compute in
  const data = new Float64Array(scores.width);
  const register = { data, single: single || node.op !== 'TreeEnsemble' };
  return {
    forest: new Forest(trees, new Float64Array(table.outputs), arithmetic),
    scores,
    register,
    sums: new Float64Array(table.outputs),
    trees: table.roots.length,
  };
}

/** The one output of numbers, unless one is asked for. */
function outputOf({ nodes, outputs }: OnnxGraph, wanted: string | undefined): OnnxGraphValue {
  if (wanted !== undefined) {
    const found = outputs.find(({ name }) => name === wanted);
    if (found) return found;
    throw unsupported(
      `output ${JSON.stringify(wanted)}, which the model does not have`,
      `It has ${outputs.map(({ name }) => name).join(', ')}.`,
    );
  }
  const found = outputs.filter(({ type }) => type === 'float32' || type === 'float64');
  if (found.length === 1) return found[0]!;
  const map = nodes.find(({ domain, op }) => domain === ML && op === 'ZipMap');
  if (found.length === 0 && map) throw unsupported(`${nameOf(map)}: an output of maps instead of numbers`, ZIPMAP);
  throw unsupported(
    `a model with ${found.length} outputs of floating-point numbers`,
    'Export one: the scores, probabilities or the prediction.',
  );
}

/** Nodes that the output depends on, in their order. */
function neededFor({ nodes }: OnnxGraph, output: string): OnnxGraphNode[] {
  const wanted = new Set([output]);
  const needed: OnnxGraphNode[] = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    if (!node.outputs.some((name) => wanted.has(name))) continue;
    needed.push(node);
    for (const name of node.inputs) if (name) wanted.add(name);
  }
  return needed.reverse();
}
