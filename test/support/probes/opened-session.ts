import type { SessionLimit } from "../../../src/relay/session/session-registry.ts";
import { Session } from "../../../src/relay/session/session.ts";

/** What a registry has opened, for a test that breaks no limit. */
export function openedSession(opened: Session | SessionLimit): Session {
  if (opened instanceof Session) return opened;
  throw new Error(`expected a session, got the limit "${opened}"`);
}
