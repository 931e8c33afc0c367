// Looks at the configuration of a daemon and at everything it names: files, rights, room, certificate, keys, ports, the
// daemon that may run with it, else its sources.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { emptyKeyring, type Keyring } from '../keyring/keyring.ts';
import type { DaemonConfig } from '../service/config.ts';
import { readDaemonConfig } from '../service/config-reader.ts';
import { formatMilliseconds } from '../time.ts';
import { activeToday, type KeysLook, openConfigKeys } from './config-keys.ts';
import { examineDaemon } from './daemon-diagnoses.ts';
import { type Diagnosis, diagnosis, faultOf, sortedByLevel } from './diagnosis.ts';
import { diagnoseFile, diagnoseFolder, diagnoseSocketPath } from './file-diagnoses.ts';
import { examineSource, type SourceLook } from './source-diagnoses.ts';

/** Constants we chose. */
/** A certificate that ends so soon is a warning (ms). */
const CERTIFICATE_SOON_MS = 14 * 86_400_000;

/** How a configuration is looked at. `keyring`: keys for what the sources bring; null: those of the configuration. */
export interface ConfigLook extends Omit<SourceLook, 'keyring'>, KeysLook {
  readonly keyring: Keyring | null;
}

/** What is wrong with a configuration, the worst first. Sources are run for a while where no daemon runs with it. */
export async function examineConfig(path: string, look: ConfigLook): Promise<Diagnosis[]> {
  let config: DaemonConfig;
  try {
    config = readDaemonConfig(path);
  } catch (error) {
    return [faultOf(error, { path })];
  }
  const found = [...diagnoseStores(config), ...diagnosePlaces(config), ...diagnoseTls(config, look.now())];
  if (look.keyring !== null) found.push(...activeToday(look.keyring, look.now()));
  const running = await examineDaemon(`unix:${config.control}`);
  if (running.every(({ code }) => code !== 'control.unreachable')) {
    found.push(...running);
  } else {
    found.push(
      diagnosis(
        'note',
        'daemon.not-running',
        'no daemon runs with this configuration; its ports and sources are tried',
        '',
      ),
    );
    found.push(...(await diagnosePorts(config)));
    found.push(...(await diagnoseSources(config, look)));
    if (config.sources.length === 0) {
      const advice = 'add one under "sources" (docs/operations.md)';
      found.push(diagnosis('warning', 'config.no-sources', 'the configuration has no source', advice));
    }
  }
  return sortedByLevel(found);
}

/** Runs the sources, and looks at what they bring with the keys of the configuration. */
async function diagnoseSources(config: DaemonConfig, look: ConfigLook): Promise<Diagnosis[]> {
  const own = look.keyring === null ? await openConfigKeys(config, look) : null;
  const keyring = look.keyring ?? own?.keyring ?? emptyKeyring();
  try {
    const tried = await Promise.all(config.sources.map(async (source) => examineSource(source, { ...look, keyring })));
    return [...(own?.diagnoses ?? []), ...tried.flat()];
  } finally {
    own?.keyring.wipe();
  }
}

/** The files of the keys. */
function diagnoseStores({ keys }: DaemonConfig): Diagnosis[] {
  if (keys.kind === 'keyring') {
    const advice = 'make a vault (`sidescope keys init`), import the keyrings, and name the vault instead';
    const message = 'the keys lie in the clear in a keyring, and nothing that is done with them is on record';
    return [diagnosis('warning', 'config.plain-keyring', message, advice, { keyrings: keys.paths })];
  }
  const secret = (path: string | null, what: string): Diagnosis[] =>
    path === null ? [] : diagnoseFile(path, what, true);
  return [
    ...secret(keys.path, 'vault'),
    ...secret(keys.passphraseFile, 'passphrase file'),
    ...secret(keys.identity, 'private key of the vault'),
  ];
}

/** Folders and sockets. */
function diagnosePlaces(config: DaemonConfig): Diagnosis[] {
  const { state, journal, control, relay } = config;
  return [
    ...diagnoseFolder(state, 'the folder of the state'),
    ...diagnoseFolder(journal.folder, 'the folder of the journal', journal.keepOctets),
    ...diagnoseSocketPath(control, 'the control socket'),
    ...relay.listen.flatMap((address) =>
      address.kind === 'unix' ? diagnoseSocketPath(address.path, 'the relay') : [],
    ),
    ...diagnoseFile(relay.operator, "operator's public key", false),
  ];
}

function diagnoseTls({ relay }: DaemonConfig, now: number): Diagnosis[] {
  const { certificate, privateKey } = relay;
  if (certificate === null || privateKey === null) return [];
  const found = [...diagnoseFile(certificate, 'certificate', false), ...diagnoseFile(privateKey, 'private key', true)];
  if (found.some(({ code }) => code !== 'config.too-open')) return found;
  const evidence = { certificate };
  try {
    const parsed = new X509Certificate(readFileSync(certificate));
    const ends = Date.parse(parsed.validTo);
    const begins = Date.parse(parsed.validFrom);
    const advice = 'make a new one and send SIGHUP to the daemon; who pinned the old one must be told';
    if (ends <= now || begins > now) {
      const message = `the certificate is not valid now: from ${formatMilliseconds(begins)} to ${formatMilliseconds(ends)}`;
      found.push(diagnosis('fault', 'config.certificate-dates', message, advice, evidence));
    } else if (ends - now < CERTIFICATE_SOON_MS) {
      const message = `the certificate ends on ${formatMilliseconds(ends)}`;
      found.push(diagnosis('warning', 'config.certificate-dates', message, advice, evidence));
    }
    if (!parsed.checkPrivateKey(createPrivateKey(readFileSync(privateKey)))) {
      const message = 'certificate and private key do not belong together';
      found.push(diagnosis('fault', 'config.certificate-key', message, 'name the two files of one pair', evidence));
    }
  } catch {
    const message = 'certificate or private key is no PEM file that can be read';
    found.push(
      diagnosis('fault', 'config.certificate', message, 'name PEM files, the key without a passphrase', evidence),
    );
  }
  return found;
}

/** Ports that others have. */
async function diagnosePorts({ relay, health }: DaemonConfig): Promise<Diagnosis[]> {
  const places = relay.listen.flatMap((address) => (address.kind === 'tcp' ? [{ ...address, what: 'the relay' }] : []));
  const all = health === null ? places : [...places, { ...health, what: 'health and metrics' }];
  const found = await Promise.all(all.map(async ({ host, port, what }) => portDiagnosis(host, port, what)));
  return found.flat();
}

async function portDiagnosis(host: string, port: number, what: string): Promise<Diagnosis[]> {
  const server = createServer();
  const code = await new Promise<string | null>((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    server.listen({ host, port, exclusive: true }, () => resolve(null));
  });
  if (code === null) {
    await new Promise((resolve) => {
      server.close(resolve);
    });
    return [];
  }
  const [name, advice] = PORT_PROBLEMS[code] ?? ['config.cannot-listen', 'check host and port'];
  const message = `${what} cannot listen on ${host} port ${port} (${code})`;
  return [diagnosis('fault', name, message, advice, { host, port })];
}

const PORT_PROBLEMS: Readonly<Record<string, readonly [code: string, advice: string]>> = {
  EADDRINUSE: ['config.port-in-use', '`ss -tlpn` says who listens there; choose another port or end that program'],
  EADDRNOTAVAIL: ['config.no-such-address', '`ip address` lists the addresses there are'],
  EACCES: ['config.port-forbidden', 'choose a port from 1,024 on, or let the service bind it (CAP_NET_BIND_SERVICE)'],
};
