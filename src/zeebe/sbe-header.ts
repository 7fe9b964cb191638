// The 8 bytes in front of every SBE message, little endian: block length, template id, schema id, version;
// uint16 each. What follows the block is found by the block length in the header, which grows with later
// schema versions.

/** Size of the header in bytes. */
export const SBE_HEADER_BYTES = 8;

export interface SbeHeader {
  readonly blockLength: number;
  readonly templateId: number;
  readonly schemaId: number;
  readonly version: number;
}

/** A message that a reader knows. `blockLength` is the least it needs. */
export interface SbeMessage {
  readonly name: string;
  readonly schemaId: number;
  readonly templateId: number;
  readonly blockLength: number;
}

/** Reads a header. The caller knows that 8 bytes are there. */
export function readSbeHeader(view: DataView, offset: number): SbeHeader {
  return {
    blockLength: view.getUint16(offset, true),
    templateId: view.getUint16(offset + 2, true),
    schemaId: view.getUint16(offset + 4, true),
    version: view.getUint16(offset + 6, true),
  };
}

/** Why a header is not that of the message, or undefined when it is. */
export function sbeMismatch(header: SbeHeader, message: SbeMessage): string | undefined {
  const { schemaId, templateId, blockLength } = header;
  if (schemaId !== message.schemaId || templateId !== message.templateId) {
    return (
      `expected a ${message.name} (schema ${message.schemaId}, template ${message.templateId}), ` +
      `found schema ${schemaId}, template ${templateId}`
    );
  }
  return blockLength < message.blockLength
    ? `the ${message.name} is too short: block length ${blockLength} instead of ${message.blockLength}`
    : undefined;
}

/** A view of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
