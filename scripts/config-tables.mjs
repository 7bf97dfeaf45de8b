// Writes the tables of configuration into the strategies' READMEs, between their two marks: npm run readme (after a build).
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const START = '<!-- configuration: made by `npm run readme` -->';
const END = '<!-- end of configuration -->';

/** A Markdown table of a JSON Schema's properties: name, type and bounds, default, meaning. */
export function configTable(schema) {
  const rows = Object.entries(schema.properties ?? {}).map(([name, property]) => [
    `\`${name}\``,
    allowed(property),
    'default' in property ? `\`${JSON.stringify(property.default)}\`` : '–',
    property.description,
  ]);
  if (rows.length === 0) return 'None: an unknown key is refused.';
  const table = [['name', 'value', 'default', 'meaning'], ...rows].map((row) =>
    row.map((cell) => cell.replaceAll('|', '\\|')),
  );
  const width = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(width[column])).join(' | ')} |`;
  return [line(table[0]), line(width.map((n) => '-'.repeat(n))), ...table.slice(1).map(line)].join('\n');
}

function allowed({ type, enum: values, minimum, maximum, exclusiveMinimum, items, maxItems, maxLength, ...rest }) {
  if (values) return values.join(', ');
  if (type === 'array') return `at most ${maxItems} texts of ${items.maxLength}`;
  if (type === 'string') return maxLength ? `text up to ${maxLength}` : 'text';
  if (type === 'object') return `object of codes, each a ${allowed(rest.additionalProperties)}`;
  if (exclusiveMinimum !== undefined)
    return `${type} > ${exclusiveMinimum}${maximum === undefined ? '' : `, ≤ ${maximum}`}`;
  if (minimum === undefined) return type;
  return `${type} ${maximum === undefined ? `≥ ${minimum}` : `${minimum} – ${maximum}`}`;
}

/** The README's text with the table of this schema in its place. */
export function withTable(text, schema) {
  const [start, end] = [text.indexOf(START), text.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`README.md has no place for the table: ${START} … ${END}`);
  return `${text.slice(0, start + START.length)}\n\n${configTable(schema)}\n\n${text.slice(end)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const folder of readdirSync(new URL('../packages', import.meta.url))) {
    if (!folder.startsWith('strategy-')) continue;
    const { default: strategy } = await import(`../packages/${folder}/dist/index.js`);
    const readme = new URL(`../packages/${folder}/README.md`, import.meta.url);
    writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), strategy.config));
  }
