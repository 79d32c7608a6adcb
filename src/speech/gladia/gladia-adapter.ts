import type { ProviderAdapter } from "../provider-adapter.ts";
import { GladiaAcknowledgements } from "./acknowledgements.ts";
import { classifyClose, CLOSE_DONE, CLOSE_KEEPING } from "./close-classes.ts";
import { askForFinals } from "./final-recovery.ts";
import { requestSession, type GladiaAccount } from "./gladia-api.ts";
import { parseGladiaMessage } from "./gladia-messages.ts";

/** Gladia Live v2, for one account. */
export function createGladiaAdapter(account: GladiaAccount): ProviderAdapter {
  return {
    requestSession: (options, signal) => requestSession(account, options, signal),
    askForFinals: (sessionId, signal) => askForFinals(account, sessionId, signal),
    parseMessage: parseGladiaMessage,
    createAcknowledgements: (bytesPerSample) => new GladiaAcknowledgements(bytesPerSample),
    classifyClose,
    stopMessage: '{"type":"stop_recording"}',
    closeDone: CLOSE_DONE,
    closeKeeping: CLOSE_KEEPING,
  };
}
