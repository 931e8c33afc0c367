// What bundler and minifier write, in forms that V8 has sooner. Octets stay where they are up to the exports, which are last, so
// source maps stay right.

import { parseAst } from 'rolldown/parseAst';

/** The plugin. */
export const plainCode = {
  name: 'plain-code',
  generateBundle(_, files) {
    for (const file of Object.values(files)) {
      if (file.type === 'chunk') file.code = plain(file.code);
    }
  },
};

function plain(code) {
  const ast = parseAst(code, { sourceType: 'script' });
  const units = code.split('');
  const assigned = new Set();
  visit(ast, false, (node, isTagged) => {
    if (node.type === 'TemplateLiteral' && node.quasis.length === 1 && !isTagged) makeString(node, code, units);
    if (node.type === 'AssignmentExpression') addNames(node.left, assigned);
    if (node.type === 'UpdateExpression') addNames(node.argument, assigned);
    if (node.type === 'ForInStatement' || node.type === 'ForOfStatement') addNames(node.left, assigned);
  });
  return withPlainExports(units.join(''), assigned);
}

/** The minifier writes all text as templates. V8 keeps each of those twice while it parses: they become strings again. */
function makeString(node, code, units) {
  const text = code.slice(node.start + 1, node.end - 1);
  const quote = [`'`, '"'].find((mark) => !text.includes(mark) && !/[\n\r]/.test(text));
  if (quote !== undefined) units[node.start] = units[node.end - 1] = quote;
}

/** Exports are functions that say what a name stands for by now. Of names that nothing is ever assigned to they are the value. */
function withPlainExports(code, assigned) {
  return code.replace(
    /Object\.defineProperty\(exports,"([\w$]+)",\{enumerable:!0,get:function\(\)\{return ([\w$]+)\}\}\)/g,
    (getter, name, value) => (assigned.has(value) ? getter : `exports.${name}=${value}`),
  );
}

/** Every name in what is assigned to, whichever scope it is of. */
function addNames(target, names) {
  visit(target, false, (node) => {
    if (node.type === 'Identifier') names.add(node.name);
  });
}

function visit(node, isTagged, see) {
  see(node, isTagged);
  for (const part of Object.values(node)) {
    for (const child of Array.isArray(part) ? part : [part]) {
      if (typeof child?.type === 'string') visit(child, node.type === 'TaggedTemplateExpression', see);
    }
  }
}
