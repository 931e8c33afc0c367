// A UDP listener as one attempt: every datagram becomes a frame with the wall clock's time, held up to a cap until it is
// taken.

import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';

import type { FrameBatch } from '../frame-batch.ts';
import { systemCode } from '../open-error.ts';
import { DatagramBlocks } from './datagram-blocks.ts';
import type { SourceProblem } from './live-source.ts';
import { type AttemptEnding, type SourceAttempt, SourceFailure } from './source-attempt.ts';
import { DEFAULT_UDP_BUFFER_OCTETS, GSMTAP_PORT, type UdpDescription } from './source-description.ts';
import { type SourceProblemCode, sourceProblem } from './source-problems.ts';
import { addressOctets } from './udp-frame.ts';
import { kernelDrops } from './udp-kernel-drops.ts';

/** Constants we chose. */
/** Receive buffer asked of the kernel: some 20,000 short datagrams while we do something else. */
const KERNEL_BUFFER_OCTETS = 4 << 20;
/** Peers whose address is remembered as octets; above, all are forgotten and learnt anew. */
const REMEMBERED_PEERS = 1024;
/** The kernel's counter is read at most so often (ms). */
const COUNTER_EVERY_MS = 500;
const LOOPBACK = '127.0.0.1';

const LISTEN_PROBLEMS: Readonly<Record<string, SourceProblemCode>> = {
  EADDRINUSE: 'source.address-in-use',
  EADDRNOTAVAIL: 'source.no-such-address',
  EACCES: 'source.port-forbidden',
};

/** What an attempt needs of the machine. */
export interface UdpHost {
  wallTime(): number;
  elapsed(): number;
  readonly createSocket?: ((options: SocketOptions) => Socket) | undefined;
  readonly kernelDrops?: ((address: Uint8Array, port: number) => number | null) | undefined;
}

/** `127.0.0.1:4729`, `[::1]:4729`. */
export function endpointText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Listens; resolves when the port is bound. @throws SourceFailure where it cannot be */
export async function beginUdp(described: UdpDescription, host: UdpHost): Promise<UdpAttempt> {
  const { address = LOOPBACK, port = GSMTAP_PORT, multicastInterface } = described;
  const octets = addressOctets(address);
  if (octets === null) {
    throw new SourceFailure(sourceProblem('source.no-such-address', `${address} is no IPv4 or IPv6 address`));
  }
  const group = isMulticast(octets);
  const socket = (host.createSocket ?? createSocket)({
    type: octets.length === 4 ? 'udp4' : 'udp6',
    ipv6Only: octets.length === 16,
    // Several programs may listen to a group.
    reuseAddr: group,
    recvBufferSize: described.kernelBufferOctets ?? KERNEL_BUFFER_OCTETS,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      // Bound to the group itself, it gets what is sent to the group and nothing else.
      socket.bind({ port, address, exclusive: true }, resolve);
    });
    if (group) socket.addMembership(address, multicastInterface);
  } catch (error) {
    socket.close();
    const code = systemCode(error);
    const sentence = `cannot listen on ${endpointText(address, port)}: the operating system says ${code}`;
    throw new SourceFailure(sourceProblem(LISTEN_PROBLEMS[code] ?? 'source.listen-failed', sentence));
  }
  return new UdpAttempt(socket, octets, described, host);
}

function isMulticast(octets: Uint8Array): boolean {
  return octets.length === 4 ? octets[0] >= 224 && octets[0] <= 239 : octets[0] === 0xff;
}

/** Datagrams of one bound socket. */
export class UdpAttempt implements SourceAttempt {
  readonly state = 'running';
  readonly capture = 0;
  readonly problem = null;
  ending: AttemptEnding = { kind: 'finished', problem: null };
  overflowed = 0;
  /** The port that it listens on. */
  readonly port: number;
  readonly #socket: Socket;
  readonly #host: UdpHost;
  readonly #blocks: DatagramBlocks;
  readonly #address: Uint8Array;
  /** Destination port that the frames say. */
  readonly #shownPort: number;
  readonly #peers = new Map<string, Uint8Array>();
  #open = true;
  #wake: (() => void) | null = null;
  #waking: NodeJS.Immediate | null = null;
  #drops: number | null = null;
  #dropsReadAt = Number.NEGATIVE_INFINITY;

  constructor(socket: Socket, address: Uint8Array, described: UdpDescription, host: UdpHost) {
    this.#socket = socket;
    this.#host = host;
    this.#address = address;
    this.#blocks = new DatagramBlocks(described.bufferOctets ?? DEFAULT_UDP_BUFFER_OCTETS);
    this.port = socket.address().port;
    this.#shownPort = described.format === 'gsmtap' ? GSMTAP_PORT : this.port;
    socket.removeAllListeners('error');
    socket.on('error', (error) => {
      this.#fail(sourceProblem('source.listen-failed', `it cannot be listened on: ${systemCode(error)}`));
    });
    socket.on('message', (datagram, peer) => {
      this.#take(datagram, peer);
    });
  }

  /** As the kernel counted for this address and port; null where it does not tell. */
  get dropped(): number | null {
    const now = this.#host.elapsed();
    if (this.#open && now - this.#dropsReadAt >= COUNTER_EVERY_MS) {
      this.#dropsReadAt = now;
      this.#drops = (this.#host.kernelDrops ?? kernelDrops)(this.#address, this.port) ?? this.#drops;
    }
    return this.#drops;
  }

  async next(): Promise<FrameBatch | null> {
    for (;;) {
      const batch = this.#blocks.take();
      if (batch !== null || !this.#open) return batch;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  finish(): void {
    if (!this.#open) return;
    // Read once more before the socket is gone.
    this.#dropsReadAt = Number.NEGATIVE_INFINITY;
    void this.dropped;
    this.#open = false;
    this.#socket.close();
    this.#wakeUp();
  }

  async close(): Promise<void> {
    this.finish();
    while (this.#blocks.take() !== null) {
      // What is left is of no use to anybody.
    }
    await Promise.resolve();
  }

  #take(datagram: Uint8Array, peer: RemoteInfo): void {
    const source = this.#octetsOf(peer.address);
    const ends = {
      source,
      destination: this.#address,
      sourcePort: peer.port,
      destinationPort: this.#shownPort,
    };
    if (source.length !== this.#address.length || !this.#blocks.add(ends, datagram, this.#host.wallTime())) {
      this.overflowed++;
      return;
    }
    // Datagrams that are there already come one by one before anything else has its turn: they make one batch.
    if (this.#wake !== null) {
      this.#waking ??= setImmediate(() => {
        this.#wakeUp();
      });
    }
  }

  #wakeUp(): void {
    if (this.#waking !== null) clearImmediate(this.#waking);
    this.#waking = null;
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  #octetsOf(address: string): Uint8Array {
    let octets = this.#peers.get(address);
    if (octets === undefined) {
      octets = addressOctets(address) ?? new Uint8Array(this.#address.length);
      if (this.#peers.size === REMEMBERED_PEERS) this.#peers.clear();
      this.#peers.set(address, octets);
    }
    return octets;
  }

  #fail(problem: SourceProblem): void {
    this.ending = { kind: 'failed', problem };
    this.finish();
  }
}
