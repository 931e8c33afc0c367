// Required into the command while the package is built: each kernel that it puts together is written down as a line with its
// name and octets (keep-kernels.mjs).

'use strict';

const { appendFileSync } = require('node:fs');
const threads = require('node:worker_threads');

const RECORD = process.env.RECORDED_KERNELS;

WebAssembly.Module = class extends WebAssembly.Module {
  constructor(octets) {
    super(octets);
    const [names] = WebAssembly.Module.customSections(this, 'name');
    if (names !== undefined) {
      const line = { name: nameOf(Buffer.from(names)), octets: Buffer.from(octets).toString('base64') };
      appendFileSync(RECORD, `${JSON.stringify(line)}\n`);
    }
  }
};

/** The name of a module, as assembler.ts writes it: a subsection, its octets, those of the name, each in one octet. */
function nameOf(section) {
  if (section[0] !== 0 || section[1] !== section.length - 2 || section[2] !== section.length - 3) {
    throw new Error('a kernel whose name is written in another way');
  }
  return section.subarray(3).toString();
}

if (threads.isMainThread) {
  threads.Worker = class extends threads.Worker {
    constructor(file, options) {
      super(file, { ...options, execArgv: ['--require', __filename] });
    }
  };
}
