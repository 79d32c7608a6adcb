/** The microphone page: one recording at a time, from Start to Stop or to the gateway's close. */
import type { TranscriptionMessage } from "../gateway/protocol/server-messages.ts";
import { CaptionView } from "./caption-view.ts";
import { showState, type PageState } from "./page-state.ts";
import { record } from "./recording.ts";

const form = findElement("form", HTMLFormElement);
const stateElements = {
  line: findElement("state", HTMLElement),
  button: findElement("button", HTMLButtonElement),
  inputs: form.querySelectorAll("input"),
};
const captions = new CaptionView(
  findElement("finals", HTMLElement),
  findElement("partials", HTMLElement),
);

/** Present while a recording runs. */
let running: AbortController | undefined;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (running !== undefined) return running.abort();
  running = new AbortController();
  void run(running.signal);
});

/** Never rejects: a failure is shown. */
async function run(stop: AbortSignal): Promise<void> {
  captions.clear();
  const speaker = new URLSearchParams();
  for (const input of stateElements.inputs) speaker.set(input.name, input.value.trim());
  const listener = {
    onState: show,
    onTranscription: (message: TranscriptionMessage) => captions.show(message),
  };
  try {
    show(await record(speaker, stop, listener));
  } catch (error) {
    show({ kind: "failed", reason: error instanceof Error ? error.message : "unknown reason" });
  } finally {
    captions.clearPartials();
    running = undefined;
  }
}

function show(state: PageState): void {
  showState(state, stateElements);
}

function findElement<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`expected an element with the id ${id}`);
}
