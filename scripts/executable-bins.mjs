// Last step of the build: gives the commands of package.json their executable bit, which tsc does not set. npm sets it
// where it installs the package; this is for a clone.

import { chmodSync, readFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const { bin } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
for (const path of Object.values(bin)) chmodSync(new URL(path, root), 0o755);
