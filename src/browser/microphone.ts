import { PcmFramer, SAMPLE_RATE } from "./pcm-framer.ts";

export interface MicrophoneListener {
  /** 100 ms of PCM16 mono at 16 kHz: 3200 bytes, given away. */
  onFrame(frame: ArrayBuffer): void;
  /** The device was unplugged or the permission withdrawn. Not called after `stop()`. */
  onLost(): void;
}

export interface Microphone {
  /** Sends the frame that has begun, filled up with silence, then lets the device go. Repetition is harmless. */
  stop(): Promise<void>;
}

/** A text, loaded through a blob URL, so that one bundle is enough: a worklet cannot be part of the page's script. */
const WORKLET_SOURCE = `
  registerProcessor("stenogate-tap", class extends AudioWorkletProcessor {
    process([[samples]]) {
      if (samples !== undefined) {
        const block = samples.slice();
        this.port.postMessage(block, [block.buffer]);
      }
      return true;
    }
  });
`;

/** Asks for the microphone and hands its audio on. Rejects with the browser's own reason when it is not granted. */
export async function openMicrophone(listener: MicrophoneListener): Promise<Microphone> {
  // Elsewhere `navigator.mediaDevices` is undefined, whatever its type says.
  if (!isSecureContext) throw new Error("a microphone needs https or localhost");
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true },
  });
  try {
    return await tapStream(stream, listener);
  } catch (error) {
    stopTracks(stream);
    throw error;
  }
}

async function tapStream(stream: MediaStream, listener: MicrophoneListener): Promise<Microphone> {
  const { context, source } = createSource(stream);
  const framer = new PcmFramer(context.sampleRate, (frame) => listener.onFrame(frame));
  let ending: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    stopTracks(stream);
    framer.finish();
    await context.close();
  };
  try {
    await loadWorklet(context);
    const tap = new AudioWorkletNode(context, "stenogate-tap", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    tap.port.addEventListener("message", ({ data }: MessageEvent<Float32Array>) => {
      if (ending === undefined) framer.push(data);
    });
    tap.port.start();
    source.connect(tap);
    // A context made after a question to the user is asleep in some browsers.
    await context.resume();
  } catch (error) {
    await context.close();
    throw error;
  }
  for (const track of stream.getTracks()) track.addEventListener("ended", () => listener.onLost());
  return { stop: () => (ending ??= end()) };
}

function createSource(stream: MediaStream): {
  readonly context: AudioContext;
  readonly source: MediaStreamAudioSourceNode;
} {
  const context = new AudioContext({ sampleRate: SAMPLE_RATE });
  try {
    return { context, source: context.createMediaStreamSource(stream) };
  } catch {
    // Firefox refuses a microphone of another rate than the context's: then the framer resamples.
    void context.close();
    const ownRate = new AudioContext();
    return { context: ownRate, source: ownRate.createMediaStreamSource(stream) };
  }
}

async function loadWorklet(context: AudioContext): Promise<void> {
  const url = URL.createObjectURL(new Blob([WORKLET_SOURCE], { type: "text/javascript" }));
  try {
    await context.audioWorklet.addModule(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** NOTE: tracks stopped from here do not fire `ended`, so that `onLost` means the device. */
function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
