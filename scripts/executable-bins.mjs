// Last step of the build: gives the commands of package.json their executable bit, which tsc does not set. npm sets it
// where it installs the package; this is for a clone.

import { chmodSync, existsSync, readFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const { bin } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
for (const path of Object.values(bin)) {
  const file = new URL(path, root);
  if (existsSync(file)) chmodSync(file, 0o755);
}
