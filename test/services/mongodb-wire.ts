import { BSON, type Document } from 'mongodb'

const opReply = 1
const opQuery = 2004
const opMsg = 2013
const headerBytes = 16

export interface Message {
  readonly requestId: number
  readonly isQuery: boolean
  /** With the documents that came beside it in their fields. */
  readonly command: Document
}

/** Cuts what arrives into whole messages. */
export class MessageReader {
  #left: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): Buffer[] {
    this.#left = Buffer.concat([this.#left, chunk])
    const messages: Buffer[] = []
    while (this.#left.length >= 4 && this.#left.length >= this.#left.readInt32LE(0)) {
      const length = this.#left.readInt32LE(0)
      messages.push(this.#left.subarray(0, length))
      this.#left = this.#left.subarray(length)
    }
    return messages
  }
}

/** Values keep the types that the driver gave them; for `fieldsAsRaw` see plugins/mongodb-mongodb/open.ts. */
export const faithful = { promoteValues: false, fieldsAsRaw: Object.create(null) as Document } as const
const parse = (bytes: Buffer) => BSON.deserialize(bytes, faithful)
// As large as a message can be: the SDK's own serializer has room for one document.
BSON.setInternalBufferSize(48_000_000)

/** Reads what the driver sends: a first greeting as OP_QUERY, all else as OP_MSG. */
export function readMessage(bytes: Buffer): Message {
  const requestId = bytes.readInt32LE(4)
  if (bytes.readInt32LE(12) === opQuery) {
    const from = bytes.indexOf(0, headerBytes + 4) + 1 + 8
    return { requestId, isQuery: true, command: parse(bytes.subarray(from)) }
  }

  let command: Document = {}
  for (let at = headerBytes + 4; at < bytes.length;) {
    const kind = bytes[at++]
    const end = at + bytes.readInt32LE(at)
    if (kind === 0) command = { ...parse(bytes.subarray(at, end)), ...command }
    else {
      const nameEnd = bytes.indexOf(0, at + 4)
      const documents: Document[] = []
      for (let from = nameEnd + 1; from < end; from += bytes.readInt32LE(from)) documents.push(parse(bytes.subarray(from, from + bytes.readInt32LE(from))))
      command = { ...command, [bytes.toString('utf8', at + 4, nameEnd)]: documents }
    }
    at = end
  }
  return { requestId, isQuery: false, command }
}

export function writeReply({ requestId, isQuery }: Message, reply: Document): Buffer {
  const body = BSON.serialize(reply)
  const header = Buffer.alloc(headerBytes + (isQuery ? 20 : 5))
  header.writeInt32LE(header.length + body.length, 0)
  header.writeInt32LE(requestId, 8)
  header.writeInt32LE(isQuery ? opReply : opMsg, 12)
  if (isQuery) header.writeInt32LE(1, headerBytes + 16)
  return Buffer.concat([header, body])
}
