/**
 * Fields of a BSON document as the server sent it. The driver's decoding takes ten times as long as placing an entry does, and makes a string
 * of each packet, which the gateway would turn into bytes again. Strings and documents are views of `document`.
 * See https://bsonspec.org/spec.html; only the types that the event path stores.
 */
export function rawFields(document: Uint8Array): Record<string, number | Buffer> {
  const bytes = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  const fields: Record<string, number | Buffer> = {};
  for (let at = 4; at < bytes.length - 1;) {
    const type = bytes[at];
    const nameEnd = bytes.indexOf(0, at + 1);
    const name = bytes.toString('latin1', at + 1, nameEnd);
    at = nameEnd + 1;
    switch (type) {
      case 0x01:
        fields[name] = bytes.readDoubleLE(at);
        at += 8;
        break;
      case 0x02: {
        const length = bytes.readInt32LE(at); // with the closing zero
        fields[name] = bytes.subarray(at + 4, at + 3 + length);
        at += 4 + length;
        break;
      }
      case 0x03: {
        const length = bytes.readInt32LE(at);
        fields[name] = bytes.subarray(at, at + length);
        at += length;
        break;
      }
      case 0x10:
        fields[name] = bytes.readInt32LE(at);
        at += 4;
        break;
      case 0x12:
        fields[name] = Number(bytes.readBigInt64LE(at));
        at += 8;
        break;
      default:
        throw new Error(`The field ${name} has a type that is not expected here: ${type}`);
    }
  }
  return fields;
}

/** @throws Error when the field is not there, or not of bytes (a string, a document) */
export function rawBytes(fields: Record<string, number | Buffer>, name: string): Buffer {
  const value = fields[name];
  if (value === undefined || typeof value === 'number') throw new Error(`The field ${name} is missing`);
  return value;
}
