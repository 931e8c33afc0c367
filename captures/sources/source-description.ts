// What a source is, in plain values: as a configuration says it once it has been checked.

import type { SourceClock } from './live-source.ts';

/** The specification says. */
/** Port that IANA registered for GSMTAP. */
export const GSMTAP_PORT = 4729;

/** We chose. */
/** Octets of a frame that are captured where nothing else is said: what Wireshark takes too, no frame is longer. */
export const DEFAULT_SNAP_LENGTH = 262_144;
/** Datagram octets that a UDP source holds while nobody takes them; what comes beyond is let go and counted. */
export const DEFAULT_UDP_BUFFER_OCTETS = 8 << 20;

/** Names of a rotating set where nothing else is said. */
export const DEFAULT_PATTERN = '*.pcap*';

interface Described {
  /** Unlike every other source's; 1 to 64 characters. */
  readonly name: string;
  /** Default: `capture` for a replay, `wall` for everything else. */
  readonly clock?: SourceClock;
}

/** A network interface of this machine, through a capture program that runs as a child. */
export interface InterfaceDescription extends Described {
  readonly kind: 'interface';
  /** As the operating system calls it: `wlan0`, `any`. */
  readonly interface: string;
  /** Default `auto`: dumpcap where there is one, else tcpdump. */
  readonly program?: 'auto' | 'dumpcap' | 'tcpdump';
  /** Capture filter in the language of pcap-filter(7); default none. */
  readonly filter?: string;
  /** Octets of each frame that are captured, 64 to 262,144; default DEFAULT_SNAP_LENGTH. */
  readonly snapLength?: number;
  /** Whether the interface takes frames for other stations too; default true. */
  readonly promiscuous?: boolean;
  /** Whether a radio interface is put into monitor mode; default false. */
  readonly monitor?: boolean;
  /** Kernel buffer in MiB, 1 to 2,047; default the program's own. */
  readonly bufferMiB?: number;
}

/** Any program that writes a capture (pcap or pcapng, plain or compressed) to its standard output. */
export interface CommandDescription extends Described {
  readonly kind: 'command';
  /** Program and arguments, as they are: no shell looks at them. E.g. `["ssh", "radio", "tcpdump", "-U", "-w", "-"]`. */
  readonly command: readonly string[];
  /** Folder that it runs in; default the daemon's. */
  readonly folder?: string;
  /** Variables of its environment beside the daemon's own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** `always`, the default: started again whenever it ends. `failure`: an end with exit code 0 ends the source. */
  readonly restart?: 'always' | 'failure';
}

/** Standard input of the daemon: a capture, plain or compressed. At most one source can be this. */
export interface StdinDescription extends Described {
  readonly kind: 'stdin';
}

/** One file that another program goes on writing (plain pcap or pcapng); followed through truncation and replacement. */
export interface FileDescription extends Described {
  readonly kind: 'file';
  readonly path: string;
  /** `start`, the default: with all that is in it. `end`: only what is added from now on. */
  readonly from?: 'start' | 'end';
}

/** A rotating set of files (plain pcap or pcapng) in one folder. */
export interface FilesDescription extends Described {
  readonly kind: 'files';
  readonly folder: string;
  /** Names of the files; `*` and `?` stand for any characters and one. Default DEFAULT_PATTERN. */
  readonly pattern?: string;
  /**
   * `name`, the default: in the order of their names, numbers in them as numbers (dumpcap's ring, `tcpdump -G`, `tcpdump
   * -C`). `time`: by when they were last written (`tcpdump -W`, which uses names again).
   */
  readonly order?: 'name' | 'time';
  /** `start`, the default: with all files that are there. `end`: only what is added from now on. */
  readonly from?: 'start' | 'end';
}

/**
 * Datagrams sent to this machine: GSMTAP, and the start strings `mac-lte`, `rlc-lte`, `pdcp-lte` that srsRAN,
 * OpenAirInterface and others write. Each becomes a frame: IP, UDP and the datagram (LINKTYPE_RAW).
 */
export interface UdpDescription extends Described {
  readonly kind: 'udp';
  /**
   * Address to listen on: IPv4 or IPv6, `0.0.0.0` or `::` for all (each of its own family), or a multicast group, which is
   * joined. Default `127.0.0.1`: anyone who reaches the port can send frames in.
   */
  readonly address?: string;
  /** 1 to 65,535, or 0 for any free one; default GSMTAP_PORT. */
  readonly port?: number;
  /** For a multicast group: address of the interface on which it is joined (for IPv6 `::%eth0`); default the system's. */
  readonly multicastInterface?: string;
  /**
   * `auto`, the default: each datagram says what it is (GSMTAP by its port, 4729). `gsmtap`: all are GSMTAP although they
   * come to another port; the frame then says 4729, so that it is read as such.
   */
  readonly format?: 'auto' | 'gsmtap';
  /** Octets held while nobody takes them, from 131,072 on; default DEFAULT_UDP_BUFFER_OCTETS. */
  readonly bufferOctets?: number;
  /** Receive buffer asked of the kernel, octets; the kernel may give less (`net.core.rmem_max`). Default 4 MiB. */
  readonly kernelBufferOctets?: number;
}

/** A capture file (pcap or pcapng, plain or compressed), played as it was captured or faster. */
export interface ReplayDescription extends Described {
  readonly kind: 'replay';
  readonly path: string;
  /** 1, the default: at the distances in time that it was captured with. 10: ten times as fast. `full`: without a wait. */
  readonly speed?: number | 'full';
  /** Begins anew at its end; default false. Times are the capture's own in every round. */
  readonly loop?: boolean;
}

/** Any source. */
export type SourceDescription =
  | InterfaceDescription
  | CommandDescription
  | StdinDescription
  | FileDescription
  | FilesDescription
  | UdpDescription
  | ReplayDescription;
