import type { ServerMessage } from "../../gateway/protocol/server-messages.ts";
import type { StoredFinal } from "./demo-pass.ts";

export interface DemoParts {
  readonly gateway: string;
  readonly provider: string;
  readonly database: string;
  /** Length of the recording. */
  readonly seconds: number;
}

export interface DemoVerdict {
  readonly shown: number;
  readonly kept: number;
  readonly closeCode: number;
}

export interface DemoScreen {
  showParts(parts: DemoParts): void;
  /** One message of the gateway, as it comes. */
  show(message: ServerMessage): void;
  showRows(sessionSlug: string, rows: readonly StoredFinal[]): void;
  showMetrics(snapshot: unknown): void;
  showVerdict(verdict: DemoVerdict): void;
}

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
}

const CLEAR_LINE = "\r\u001b[2K";
const DIM = "\u001b[2m";
const PLAIN = "\u001b[0m";

/**
 * Writes the demo as text. On a terminal a partial is overwritten by the next one and by its final; elsewhere every state
 * is a line of its own.
 */
export function createDemoScreen(output: Output): DemoScreen {
  const isTerminal = output.isTTY === true;
  const width = output.columns ?? 80;
  const line = (text = "") => output.write(`${text}\n`);
  const startedAtMs = performance.now();
  const clock = () => `${((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(5)} s`;

  const showPartial = (text: string) => {
    const caption = `  ${clock()}  … ${text}`;
    if (!isTerminal) return line(caption);
    // A caption that wraps could not be overwritten.
    return output.write(`${CLEAR_LINE}${DIM}${caption.slice(0, width - 1)}${PLAIN}`);
  };
  const showLine = (text: string) => line(`${isTerminal ? CLEAR_LINE : ""}  ${clock()}  ${text}`);

  return {
    showParts: ({ gateway, provider, database, seconds }) => {
      line("Stenogate demo: partials (…) are replaced until their final (✓) is kept");
      line();
      line(`  gateway    ${gateway}`);
      line(`  provider   ${provider}`);
      line(`  database   ${database}`);
      line(`  speaker    a recording of ${seconds.toFixed(1)} s, in real time`);
      line();
    },
    show: (message) => {
      switch (message.type) {
        case "session":
          // Worth no line: "ready" follows it.
          return;
        case "ready":
          return showLine(`ready: ${message.encoding}, ${message.sample_rate} Hz`);
        case "transcription":
          return message.is_final ? showLine(`✓ ${message.text}`) : showPartial(message.text);
        case "translation":
          return showLine(`${message.language} ${message.text}`);
        case "status":
          return showLine(`status: ${message.state}`);
        case "error":
          return showLine(`error ${message.code}: ${message.message}`);
      }
    },
    showRows: (sessionSlug, rows) => {
      line(`\nRows of call ${sessionSlug} in the database`);
      for (const { startedAt, participant, text } of rows) {
        line(`  ${startedAt.toISOString()}  ${participant?.name ?? "?"}  ${text}`);
      }
    },
    showMetrics: (snapshot) => line(`\nGET /metrics\n  ${JSON.stringify(snapshot)}`),
    showVerdict: ({ shown, kept, closeCode }) => {
      line(
        `\n${kept} of ${shown} finals that were shown are in the database; closed with ${closeCode}`,
      );
    },
  };
}
