// A relay with real sockets over a daemon in memory, and what clients need to reach it.

import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Capability, type GroupGrant, issueCapability } from '../../../daemon/relay/capability.ts';
import { publicHex } from '../../../daemon/relay/ed25519.ts';
import { RelayServer } from '../../../daemon/relay/relay-server.ts';
import { Revocations } from '../../../daemon/relay/revocations.ts';
import { makeCertificate } from '../../../daemon/service/certificate.ts';
import { numbered } from '../record-blocks.ts';
import { FakeHost } from './fake-host.ts';

/** A new Ed25519 key. */
export function newKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

/** A folder that the test's end removes. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sidescope-relay-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }));
  return folder;
}

/** A certificate nobody vouches for. */
export async function newCertificate(): Promise<{ readonly certificate: string; readonly key: string }> {
  const { certificate, privateKey } = await makeCertificate(['localhost', '127.0.0.1'], Date.now());
  return { certificate, key: privateKey };
}

/** One relay and its keys. */
export class RelayFixture {
  readonly host = new FakeHost();
  readonly operator = newKey();
  readonly daemon = newKey();
  readonly folder = testFolder();
  readonly logged: { readonly event: string; readonly data: Readonly<Record<string, unknown>> }[] = [];
  readonly state = join(this.folder, 'relay.state');
  revocations: Revocations;
  server: RelayServer;
  readonly socket = join(this.folder, 'relay.sock');

  readonly #tls: { readonly certificate: string; readonly key: string } | null;
  readonly #origins: readonly string[];

  private constructor(tls: { readonly certificate: string; readonly key: string } | null, origins: readonly string[]) {
    this.#tls = tls;
    this.#origins = origins;
    this.revocations = new Revocations(this.state, this.daemon);
    this.server = this.#make();
  }

  #make(): RelayServer {
    const [tls, origins] = [this.#tls, this.#origins];
    return new RelayServer({
      listeners: [
        { kind: 'unix', path: this.socket, origins },
        ...(tls === null ? [] : [{ kind: 'tls' as const, host: '127.0.0.1', port: 0, ...tls, origins }]),
      ],
      host: this.host,
      operator: publicHex(this.operator),
      daemon: this.daemon,
      revocations: this.revocations,
      log: (event, data) => this.logged.push({ event, data }),
    });
  }

  /** Starts a relay; the test's end stops it. */
  static async start(
    options: { readonly tls?: boolean; readonly origins?: readonly string[] } = {},
  ): Promise<RelayFixture> {
    const fixture = new RelayFixture(options.tls === true ? await newCertificate() : null, options.origins ?? []);
    await fixture.server.start();
    onTestFinished(() => fixture.server.stop());
    return fixture;
  }

  /** The daemon goes and comes back with the same journal. @param between what happens meanwhile */
  async restart(between: () => void = () => undefined): Promise<void> {
    await this.server.stop();
    between();
    this.revocations = new Revocations(this.state, this.daemon);
    this.server = this.#make();
    await this.server.start();
  }

  /** `unix:…` and, where there is one, `wss://…`. */
  get addresses(): readonly string[] {
    return this.server.addresses;
  }

  /** As the daemon does it, without a vault. */
  revoke(kind: 'capability' | 'subject', name: string, reason: string): void {
    this.revocations.revoke(kind, name, Math.floor(Date.now() / 1000), reason);
    this.server.grantsChanged();
  }

  /** Records come, as from the journal. */
  deliver(records: Parameters<FakeHost['keep']>[0]): void {
    this.server.deliver(numbered(this.host.keep(records)));
  }

  /** A subscriber with a grant. */
  subscriber(
    groups: readonly GroupGrant[],
    more: Partial<Capability> = {},
    identity = newKey(),
  ): { readonly identity: KeyObject; readonly capability: string; readonly claims: Omit<Capability, 'iss'> } {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      aud: publicHex(this.daemon),
      jti: randomBytes(16).toString('hex'),
      sub: publicHex(identity),
      nbf: now - 10,
      exp: now + 3600,
      groups,
      rate: 0,
      maxConn: 4,
      ...more,
    };
    return { identity, capability: issueCapability(this.operator, claims), claims };
  }
}

/** Waits until something holds. */
export async function until(holds: () => boolean, what = 'it', milliseconds = 20_000): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`${what} did not come about in ${milliseconds} ms`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
