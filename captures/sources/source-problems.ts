// What can keep a source of the daemon from running: one table of stable codes, each with what to do next.

import type { CaptureProblem } from '../frame-batch.ts';
import type { SourceProblem } from './live-source.ts';

/** Code to hint. Hints have no full stop. */
export const SOURCE_PROBLEMS = {
  'source.no-capture-program': 'install dumpcap (Debian: wireshark-common) or tcpdump, or name a command that captures',
  'source.no-such-program': 'check the spelling of the command, and that the daemon finds it in its PATH',
  'source.no-permission':
    'let dumpcap capture: `dpkg-reconfigure wireshark-common`, then add the user of the daemon to the group wireshark (or `setcap cap_net_raw,cap_net_admin+eip /usr/bin/dumpcap`)',
  'source.file-permission': 'let the user of the daemon read the file and search its folder',
  'source.no-such-interface': '`dumpcap -D` or `ip link` lists the interfaces there are; check the spelling',
  'source.interface-down': 'bring it up with `ip link set dev NAME up`; the daemon tries again by itself',
  'source.filter-refused': 'correct the capture filter: its language is pcap-filter(7), not that of display filters',
  'source.unreachable': 'check the network, the name of the host and that it answers; the daemon tries again by itself',
  'source.login-refused':
    'log in once by hand as the user of the daemon, with a key that needs no passphrase and a known host key (`ssh HOST true`)',
  'source.program-failed': 'run the command by hand as the user of the daemon and read what it says',
  'source.program-ended': 'the daemon starts it again; where it is to end by itself, replay its file instead',
  'source.no-such-file': 'check the path; the daemon takes the file as soon as it is there',
  'source.not-a-file':
    'the daemon takes a file of that name as soon as there is one; a pipe is read by a source of the kind command, `cat PIPE`',
  'source.no-files': 'check folder and pattern; the daemon takes a file as soon as it is there',
  'source.files-vanished': 'keep more files in the ring, or find out why frames are taken so slowly',
  'source.compressed': 'let the program that writes it write plain pcap or pcapng; replay compressed files',
  'source.file-cut': 'let the program that writes it end in order (SIGINT or SIGTERM) before another begins',
  'source.file-damaged': 'the daemon goes on when the file is replaced or begins anew; what came before is good',
  'source.address-in-use': '`ss -ulpn` says who listens there; choose another port or end that program',
  'source.no-such-address': '`ip address` lists the addresses there are; give one of them, or 0.0.0.0 for all',
  'source.port-forbidden': 'choose a port from 1,024 on, or let the service bind it (CAP_NET_BIND_SERVICE)',
  'source.listen-failed': 'check address, port and multicast interface',
  'source.too-many-interfaces': 'the capture names interfaces without end; check what writes it',
  'source.consumer-failed': 'this is a fault of sidescope: report it with the log',
  'source.failed': 'look at the log of the daemon and of the system',
} as const satisfies Record<string, string>;

/** A key of `SOURCE_PROBLEMS`. */
export type SourceProblemCode = keyof typeof SOURCE_PROBLEMS;

/** A problem with the hint of its code. `message`: one sentence without a full stop. */
export function sourceProblem(code: SourceProblemCode, message: string): SourceProblem {
  return { code, message, hint: SOURCE_PROBLEMS[code] };
}

/** What a capture is wrong with, as a source says it. */
export function fromCapture({ code, message, hint }: CaptureProblem): SourceProblem {
  return { code, message, hint };
}
