import { Metrics } from "../../../src/observe/metrics.ts";
import type { RecognitionOptions } from "../../../src/relay/recognition/recognition-options.ts";
import { Session } from "../../../src/relay/session/session.ts";
import { ScriptedProvider } from "../actors/doubles/scripted-provider.ts";
import { recordedLog } from "../probes/recorded-log.ts";
import { recognition, relayStage, sessionLimits, speaker } from "./relay-stage.ts";

/** A session that has started, with everything around it in the test's hand. */
export function startedSession(chosen: RecognitionOptions = recognition) {
  const provider = new ScriptedProvider();
  const stage = relayStage();
  const log = recordedLog();
  const { tallies } = new Metrics();
  const causes: string[] = [];
  const session = new Session(
    {
      provider,
      sink: stage.sink,
      record: stage.record,
      client: stage.client,
      log,
      tallies,
      onEnded: (_, cause) => causes.push(cause),
    },
    { speaker, recognition: chosen, limits: sessionLimits },
  );
  session.start();
  return { session, provider, stream: provider.stream, stage, log, tallies, causes };
}
