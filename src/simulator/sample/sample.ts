import { assert } from "../../kernel/assert.ts";
import sentencesText from "./sample.txt" with { type: "text" };
import wavPath from "./sample.wav" with { type: "file" };

/**
 * The bundled recording: what the demo plays and what the simulator recognises.
 * `sample/make-sample.sh` made it.
 */
export interface Sample {
  /** 16-bit little-endian, mono, without a header. */
  readonly pcm: Uint8Array;
  readonly sampleRate: number;
  /** In the order spoken, at least 0.5 s of silence between two of them. */
  readonly sentences: readonly string[];
}

/** Bytes before the first chunk: "RIFF", size, "WAVE". */
const RIFF_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
/** Where the "fmt " chunk holds the rate, counted from the chunk's body. */
const SAMPLE_RATE_OFFSET = 4;

export async function loadSample(): Promise<Sample> {
  const file = new DataView(await Bun.file(wavPath).arrayBuffer());
  const format = findChunk(file, "fmt ");
  const data = findChunk(file, "data");
  return {
    pcm: new Uint8Array(file.buffer, data.offset, data.bytes),
    sampleRate: file.getUint32(format.offset + SAMPLE_RATE_OFFSET, true),
    sentences: sentencesText.trim().split("\n"),
  };
}

function findChunk(file: DataView, name: string): { offset: number; bytes: number } {
  let offset = RIFF_HEADER_BYTES;
  while (offset + CHUNK_HEADER_BYTES <= file.byteLength) {
    const bytes = file.getUint32(offset + 4, true);
    const id = String.fromCodePoint(...[0, 1, 2, 3].map((index) => file.getUint8(offset + index)));
    if (id === name) return { offset: offset + CHUNK_HEADER_BYTES, bytes };
    // Chunks start at even offsets.
    offset += CHUNK_HEADER_BYTES + bytes + (bytes % 2);
  }
  assert(false, `expected a "${name}" chunk in the bundled sample`);
}
