/** A database that is not on this machine: every answer of the server arrives later, as over a network. */
import { connect, createServer } from "node:net";
import { after } from "../../src/kernel/timers.ts";

export interface DistantAddress extends AsyncDisposable {
  readonly url: string;
}

/** Another address of the server behind `url`, `roundTripMs` away. Its process is not the one that is measured. */
export async function addDistance(url: string, roundTripMs: number): Promise<DistantAddress> {
  const command = [process.execPath, import.meta.path, new URL(url).port, String(roundTripMs)];
  const relay = Bun.spawn(command, { stdin: "pipe", stdout: "pipe" });
  const { value: port } = await relay.stdout.getReader().read();
  const distant = new URL(url);
  distant.port = new TextDecoder().decode(port).trim();
  return {
    url: distant.href,
    async [Symbol.asyncDispose]() {
      await relay.stdin.end();
      await relay.exited;
    },
  };
}

if (import.meta.main) {
  // The end of the input is the end of the one who measures, however that came.
  process.stdin.resume().on("end", () => process.exit());
  const [, , serverPort, roundTripMs] = process.argv.map(Number);
  const listener = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: serverPort!, host: "127.0.0.1", noDelay: true });
    near.pipe(far);
    far.on("data", (answer) => after(roundTripMs!, () => near.write(answer)));
    far.on("end", () => after(roundTripMs!, () => near.end()));
    // One side that goes away takes the other along.
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
  });
  listener.listen(0, "127.0.0.1", () => {
    const address = listener.address();
    if (address !== null && typeof address === "object") console.log(address.port);
  });
}
