/** What the page is doing. */
export type PageState =
  | { readonly kind: "idle" }
  /** The browser asks the user for the microphone. */
  | { readonly kind: "asking" }
  /** Audio is kept already; the gateway is not ready yet. */
  | { readonly kind: "connecting" }
  | { readonly kind: "listening" }
  /** No more audio; the last finals are awaited. */
  | { readonly kind: "finishing" }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly reason: string };

interface Appearance {
  readonly text: string;
  readonly button: "Start" | "Stop";
  readonly canPress: boolean;
}

const APPEARANCES: Record<PageState["kind"], Appearance> = {
  idle: { text: "Ready to start", button: "Start", canPress: true },
  asking: { text: "Waiting for the microphone", button: "Start", canPress: false },
  connecting: { text: "Connecting", button: "Stop", canPress: true },
  listening: { text: "Listening", button: "Stop", canPress: true },
  finishing: { text: "Waiting for the last words", button: "Stop", canPress: false },
  done: { text: "Finished", button: "Start", canPress: true },
  failed: { text: "Failed", button: "Start", canPress: true },
};

export interface StateElements {
  readonly line: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly inputs: Iterable<HTMLInputElement>;
}

export function showState(state: PageState, { line, button, inputs }: StateElements): void {
  const { text, button: label, canPress } = APPEARANCES[state.kind];
  line.dataset["state"] = state.kind;
  line.textContent = state.kind === "failed" ? `${text}: ${state.reason}` : text;
  button.textContent = label;
  button.toggleAttribute("data-running", label === "Stop");
  button.disabled = !canPress;
  const isRunning = label === "Stop" || !canPress;
  for (const input of inputs) input.readOnly = isRunning;
}
