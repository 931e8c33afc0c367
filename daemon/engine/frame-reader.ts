// Collects wanted fields of analysed frames for `-e` and `-Y`, and does no more for it than those fields need: numbers
// that the engine has in its columns are taken from there, a frame is walked again only where a wanted field lies between
// link layer and PDCP, an SDU is dissected only where one may lie inside. `writeAnalysedFrame` with a FieldCollector gives
// the same values by the long way; a test keeps the two equal.

import { type CollectedFields, FieldCollector, type Wanted } from '../../dissectors/field-collector.ts';
import { frameProtocol } from '../../dissectors/frame-fields.ts';
import { findingProtocol, isConclusion, judgedProtocol, problemProtocol } from '../../dissectors/judged-fields.ts';
import { lkhProtocol } from '../../dissectors/keying/lkh-rekey.ts';
import { mikeyProtocol } from '../../dissectors/keying/mikey-fields.ts';
import type { Field, FieldValue, Protocol, TreeWriter } from '../../dissectors/layer.ts';
import { PROTOCOLS } from '../../dissectors/protocols.ts';
import { LinkKind, linkKind, WALK_PROTOCOLS } from '../../dissectors/registry.ts';
import { mibSlProtocol, mibSlV2xProtocol } from '../../dissectors/sidelink/mib-sl.ts';
import { pc5SignallingProtocol } from '../../dissectors/sidelink/pc5-fields.ts';
import { PDCP_HEADER_OCTETS, PDCP_SLRB } from '../../dissectors/sidelink/pdcp-slrb.ts';
import { Framing, Outcome } from '../../dissectors/walk-table.ts';
import type { AnalysedFrame, AnalysedMessage } from './analysed-frame.ts';
import { ALL_HEADERS, ColumnFields, isCapturedColumn, isColumnField } from './column-fields.ts';
import { writeCaptured, writeFindings, writeFrameFacts, writeInside, writeJoinedHeader } from './frame-tree.ts';
import { isExplanation, writeJudgement } from './frame-tree-judgement.ts';
import { Place } from './message-table.ts';

/** Layers that a frame may hold as captured. */
const CAPTURED: ReadonlySet<Protocol> = new Set([
  ...WALK_PROTOCOLS,
  mibSlProtocol,
  mibSlV2xProtocol,
  pc5SignallingProtocol,
  mikeyProtocol,
  lkhProtocol,
  problemProtocol,
]);

/** Layers that an SDU may hold: everything but what carries it. */
const INSIDE: ReadonlySet<Protocol> = new Set(
  PROTOCOLS.filter((protocol) => {
    if (protocol === frameProtocol || isConclusion(protocol)) return false;
    return (
      !CAPTURED.has(protocol) ||
      ['ipv4', 'ipv6', 'udp', 'tcp', 'pc5-s', 'mikey', 'lkh', 'problem'].includes(protocol.name)
    );
  }),
);

const NO_OCTETS = new Uint8Array(0);

/** Which parts of a frame somebody has to look at. */
interface Plan {
  /** Fields of `frame` that the batch has in its columns. */
  readonly frameColumns: readonly Field[];
  readonly frameLayer: boolean;
  /** Something lies between link layer and PDCP. */
  readonly captured: boolean;
  /** The same in a frame of nothing but mac-lte-framed SL-SCH, the columns set aside. */
  readonly capturedPlain: boolean;
  /** Fields between link layer and PDCP that such a frame has in its columns. */
  readonly columns: readonly Field[];
  readonly joinedHeader: boolean;
  readonly judgement: boolean;
  readonly explain: boolean;
  readonly findings: boolean;
  readonly inside: boolean;
}

/** Layers of a plain frame; its PDCP headers may be cut although the walk has found nothing wrong. */
const PLAIN_LAYERS: ReadonlySet<string> = new Set(['mac-lte', 'sl-sch', 'rlc-um', 'pdcp-slrb', 'problem']);

function planFor(wanted: Wanted): Plan {
  const fields = new Set(wanted.fields);
  const layers = new Set([...wanted.layers, ...wanted.octets]);
  const wants = (protocol: Protocol): boolean =>
    layers.has(protocol) || Object.values(protocol.fields).some((field) => fields.has(field));
  const everything = fields.has(frameProtocol.fields.protocols);
  const capturedProtocols = [...CAPTURED].filter(wants);
  const beyondColumns = (protocol: Protocol): boolean =>
    layers.has(protocol) || Object.values(protocol.fields).some((field) => fields.has(field) && !isColumnField(field));
  const frameFields = Object.values(frameProtocol.fields).filter((field) => fields.has(field));
  return {
    frameColumns: frameFields.filter(isColumnField),
    frameLayer: layers.has(frameProtocol) || frameFields.some((field) => !isColumnField(field)),
    captured: everything || capturedProtocols.length > 0,
    capturedPlain:
      everything || capturedProtocols.some((protocol) => PLAIN_LAYERS.has(protocol.name) && beyondColumns(protocol)),
    columns: [...fields].filter(isCapturedColumn),
    joinedHeader: everything || wants(PDCP_SLRB) || wants(problemProtocol),
    judgement: wants(judgedProtocol),
    explain: [...fields].some(isExplanation),
    findings: wants(findingProtocol),
    inside: everything || [...INSIDE].some(wants),
  };
}

/** Reads the wanted fields of one frame, or of one message, after the other. */
export class FrameReader {
  /** The values, valid until the next `read`. */
  values: CollectedFields;
  /** Whether the keys that were tried must be written down (`AnalysisOptions.explain`). */
  readonly explains: boolean;
  /**
   * Whether the values depend on judgement, on findings or on SDUs; where not, frames that were only walked give the same.
   */
  readonly needsAnalysis: boolean;
  readonly #plan: Plan;
  readonly #wantsOctets: boolean;
  /** Whether plain frames are read from columns alone, when somebody asks for a value. */
  readonly #asksColumns: boolean;
  readonly #collector: FieldCollector;
  readonly #columns = new ColumnFields();

  constructor(wanted: Wanted) {
    this.#collector = new FieldCollector(wanted);
    this.values = this.#collector;
    this.#plan = planFor(wanted);
    this.explains = this.#plan.explain;
    const { judgement, findings, inside, joinedHeader } = this.#plan;
    this.needsAnalysis = judgement || findings || inside || joinedHeader;
    this.#wantsOctets = wanted.octets.length > 0;
    this.#asksColumns =
      !this.needsAnalysis && !this.#plan.frameLayer && wanted.layers.length + wanted.octets.length === 0;
  }

  /** Collects from the frame and all its messages. */
  read(frame: AnalysedFrame): void {
    const isPlain = this.#fromColumns(frame);
    this.#columns.begin(frame, ALL_HEADERS);
    if (this.#begin(frame, isPlain)) return;
    if (isPlain) this.#collect(this.#plan.columns);
    else if (this.#plan.captured) writeCaptured(frame, this.#collector);
    if (this.#plan.findings) writeFindings(frame.raised, this.#collector);
    for (const message of frame.messages) this.#readMessage(frame, message);
  }

  /** Collects from one message and its frame; PDCP headers of other messages in the frame are left out. */
  readMessage(frame: AnalysedFrame, message: AnalysedMessage): void {
    const isPlain = this.#fromColumns(frame);
    const at = headerAt(frame, message);
    this.#columns.begin(frame, at + frame.batch.offset[frame.row]);
    if (this.#begin(frame, isPlain)) return;
    if (isPlain) this.#collect(this.#plan.columns);
    else if (this.#plan.captured) writeCaptured(frame, new OnePdcpHeader(this.#collector, at));
    if (this.#plan.findings) writeFindings(frame.raised, this.#collector);
    this.#readMessage(frame, message);
  }

  /** @returns whether nothing has to be collected */
  #begin(frame: AnalysedFrame, isPlain: boolean): boolean {
    if (isPlain && this.#asksColumns) {
      this.values = this.#columns;
      return true;
    }
    this.values = this.#collector;
    this.#collector.reset(this.#wantsOctets ? frame.bytes : NO_OCTETS);
    if (this.#plan.frameLayer) writeFrameFacts(frame, this.#collector);
    else this.#collect(this.#plan.frameColumns);
    return false;
  }

  #collect(fields: readonly Field[]): void {
    for (const field of fields) {
      const count = this.#columns.count(field);
      for (let index = 0; index < count; index++) this.#collector.generated(field, this.#columns.value(field, index));
    }
  }

  /** Whether the columns have all that is wanted of the layers as captured. */
  #fromColumns(frame: AnalysedFrame): boolean {
    if (this.#plan.capturedPlain) return false;
    const { frames } = frame.walk;
    const { row } = frame;
    return (
      frames.outcome[row] === Outcome.data &&
      frames.problem[row] === 0 &&
      frames.framing[row] === Framing.macLteFramed &&
      linkKind(frame.batch.linkType[row]) === LinkKind.user
    );
  }

  #readMessage(frame: AnalysedFrame, message: AnalysedMessage): void {
    const plan = this.#plan;
    if (plan.judgement) writeJudgement(frame.table, message, frame.context, plan.explain, this.#collector);
    if (plan.findings) writeFindings(message.raised, this.#collector);
    if (plan.joinedHeader) writeJoinedHeader(frame.table, message, this.#collector);
    if (plan.inside) writeInside(frame, message, this.#collector);
  }
}

/** Octet of the frame at which the PDCP header of a message stands; -1 where the PDU came in pieces. */
function headerAt(frame: AnalysedFrame, message: AnalysedMessage): number {
  const { table } = frame;
  if (table.rawPlace[message.row] !== Place.frame) return -1;
  return table.rawAt[message.row] - PDCP_HEADER_OCTETS - frame.batch.offset[frame.row];
}

/** Hands everything on but the layers `pdcp-slrb` at other octets than the one that is wanted. */
class OnePdcpHeader implements TreeWriter {
  readonly #to: TreeWriter;
  readonly #at: number;
  /** Layers and groups open inside one that is left out. */
  #muted = 0;

  constructor(to: TreeWriter, at: number) {
    this.#to = to;
    this.#at = at;
  }

  begin(protocol: Protocol, at: number, length: number): void {
    if (this.#muted > 0 || (protocol === PDCP_SLRB && at !== this.#at)) this.#muted++;
    else this.#to.begin(protocol, at, length);
  }

  end(): void {
    if (this.#muted > 0) this.#muted--;
    else this.#to.end();
  }

  group(label: string, at: number, length: number): void {
    if (this.#muted > 0) this.#muted++;
    else this.#to.group(label, at, length);
  }

  source(name: string, bytes: Uint8Array): void {
    if (this.#muted > 0) this.#muted++;
    else this.#to.source(name, bytes);
  }

  add(field: Field, at: number, length: number, value: FieldValue): void {
    if (this.#muted === 0) this.#to.add(field, at, length, value);
  }

  generated(field: Field, value: FieldValue): void {
    if (this.#muted === 0) this.#to.generated(field, value);
  }

  problem(code: string, at: number, text: string): void {
    if (this.#muted === 0) this.#to.problem(code, at, text);
  }
}
