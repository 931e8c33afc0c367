// The relay alone: records in, messages out to 1, 16 and 64 subscribers over a Unix socket or TLS, all clients in one other
// process. Latency is from `deliver` to the client's handler, of the oldest record of each message. `npm run bench:relay`.
// One process may have several groups: `--classes N` gives subscribers N different grants, so that less can be shared.

import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { issueCapability } from '../daemon/relay/capability.ts';
import { privateKeyOf, publicHex } from '../daemon/relay/ed25519.ts';
import { RecordBlockWriter } from '../daemon/relay/record-block-writer.ts';
import type { RelayHost } from '../daemon/relay/relay-port.ts';
import type { RelayRecord } from '../daemon/relay/relay-record.ts';
import { RelayServer } from '../daemon/relay/relay-server.ts';
import { Revocations } from '../daemon/relay/revocations.ts';
import { makeCertificate } from '../daemon/service/certificate.ts';
import { type AgesResult, ageText } from './ages.ts';

// We chose.
const SECONDS = 8;
/** Records come in batches of this many ms, as from a journal's group commit. */
const EVERY = 5;
const GROUPS = 16;

/** What the clients' process is told, and what it answers. */
export interface ClientsTask {
  readonly address: string;
  readonly capabilities: readonly string[];
  /** Seeds of the subscribers, hex. */
  readonly seeds: readonly string[];
}
export interface ClientsResult {
  readonly records: number;
  readonly octets: number;
  readonly ages: AgesResult;
  readonly cpu: number;
}

const writer = new RecordBlockWriter();

const options = new Map<string, string>();
for (let at = 2; at + 1 < process.argv.length; at += 2) options.set(process.argv[at], process.argv[at + 1]);
const rate = Number(options.get('--rate') ?? 10_000);
const classes = Number(options.get('--classes') ?? 1);
const kinds = (options.get('--over') ?? 'unix,tls').split(',');
const counts = (options.get('--subscribers') ?? '1,16,64').split(',').map(Number);

function record(seq: number): RelayRecord {
  const group = `f000${(seq % GROUPS).toString(16).padStart(2, '0')}`;
  const time = new Date(performance.timeOrigin + performance.now()).toISOString();
  return {
    seq,
    event: {
      ...{
        v: 1,
        type: 'message',
        frame: seq,
        time,
        group,
        groupName: 'Fire 7',
        source: '0a0b0c',
        sourceName: 'Engine 71',
      },
      ...{
        lcid: 3,
        sduType: 'ip',
        pgkIndex: 7,
        pgkId: 39,
        ptkId: 1,
        sn: seq & 0xffff,
        length: 200,
        verdict: 'decrypted',
      },
      ...{ evidenceBits: 127, protocols: ['mac-lte', 'sl-sch', 'rlc-um', 'pdcp-slrb'], summary: 'plaintext withheld' },
    },
    plain: {
      summary: '169.254.10.11:5000 > 239.255.0.1:5000 RTP PCMU seq 12',
      protocols: ['mac-lte', 'sl-sch', 'rlc-um', 'pdcp-slrb', 'ipv4', 'udp', 'rtp'],
    },
    access: 'plain',
    key: { group, pgkId: 39, notBefore: 0 },
    track: 0,
  };
}

async function run(kind: string, subscribers: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-bench-'));
  const operator = privateKeyOf(randomBytes(32));
  const daemon = privateKeyOf(randomBytes(32));
  const { certificate, privateKey } = await makeCertificate(['localhost'], Date.now());
  let head = 0;
  const host = {
    get head() {
      return head;
    },
    plainAllowed: true,
    mayUse: () => true,
    audit: () => Promise.resolve(),
    demandChanged: () => undefined,
  } as unknown as RelayHost;
  const server = new RelayServer({
    listeners: [
      kind === 'unix'
        ? { kind: 'unix', path: join(folder, 'relay.sock') }
        : { kind: 'tls', host: '127.0.0.1', port: 0, certificate, key: privateKey },
    ],
    host,
    operator: publicHex(operator),
    daemon,
    revocations: new Revocations(join(folder, 'state'), daemon),
  });
  await server.start();
  const seeds = Array.from({ length: subscribers }, () => randomBytes(32));
  const now = Math.floor(Date.now() / 1000);
  const capabilities = seeds.map((seed, index) =>
    issueCapability(operator, {
      aud: publicHex(daemon),
      jti: randomBytes(16).toString('hex'),
      sub: publicHex(privateKeyOf(seed)),
      nbf: now,
      exp: now + 600,
      // Every subscriber sees all records; other views of one group make another stream of it.
      groups: [
        { gid: '*', views: ['meta', 'plain'] },
        { gid: `f0f0${(index % classes).toString(16).padStart(2, '0')}`, views: ['meta', 'plain'] },
      ],
      rate: 0,
      maxConn: 1,
    }),
  );
  const clients = fork(fileURLToPath(new URL('./relay-clients.js', import.meta.url)));
  const answer = new Promise<ClientsResult>((resolve) => {
    clients.on('message', (message) => resolve(message as ClientsResult));
  });
  const task: ClientsTask = {
    address: server.addresses[0],
    capabilities,
    seeds: seeds.map((seed) => seed.toString('hex')),
  };
  clients.send(task);
  while (server.metrics().subscriptions < subscribers) await pause(20);
  await pause(200);
  const begunCpu = process.cpuUsage();
  const begun = performance.now();
  while (performance.now() - begun < SECONDS * 1000) {
    const due = Math.floor(((performance.now() - begun) / 1000) * rate) - head;
    const records: RelayRecord[] = [];
    for (let count = 0; count < due; count++) records.push(record(++head));
    for (const each of records) writer.record(each);
    if (records.length > 0) server.deliver({ first: records[0].seq, block: writer.take() });
    await pause(EVERY);
  }
  const cpu = process.cpuUsage(begunCpu);
  await pause(500);
  const { dropped, sent } = server.metrics();
  clients.send('done');
  const result = await answer;
  const memory = Math.round(process.memoryUsage().rss / 1e6);
  await server.stop();
  clients.kill();
  rmSync(folder, { recursive: true });
  const share = result.records / (head * subscribers);
  const seconds = (performance.now() - begun) / 1000;
  process.stdout.write(
    `${kind}  ${String(subscribers).padStart(2)} subscribers, ${classes} streams: ${(share * 100).toFixed(1)} % of ${head} records each, ` +
      `${dropped} dropped; ${ageText(result.ages)}; ` +
      `${((result.octets / seconds) * 1e-6).toFixed(0)} MB/s; CPU relay ${((cpu.user + cpu.system) / 1e4 / SECONDS).toFixed(0)} % (${((cpu.user + cpu.system) / sent).toFixed(2)} us a record sent), ` +
      `clients ${result.cpu.toFixed(0)} %; ${memory} MB\n`,
  );
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

for (const kind of kinds) for (const count of counts) await run(kind, count);
