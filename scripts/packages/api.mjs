// The public face of an entry point: every exported declaration without its comments, sorted by name.
import ts from 'typescript';

export function publicFace(file) {
  const program = ts.createProgram([file], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    noLib: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  if (!source) throw new Error(`${file} is not there: build first`);
  const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });
  const blocks = checker.getExportsOfModule(checker.getSymbolAtLocation(source)).map((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const text = (target.declarations ?? []).map((declaration) => {
      // a variable's statement carries its keyword
      const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
      return printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile());
    });
    const renamed = target.name === symbol.name ? '' : `// as ${symbol.name}\n`;
    return { name: symbol.name, text: renamed + (text.join('\n') || `// ${symbol.name}, from another package`) };
  });
  return `${blocks
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ text }) => text.replace(/^(?:export )?declare /gm, '').replace(/^export /gm, ''))
    .join('\n\n')}\n`;
}
