import { afterAll } from "bun:test";
import { describeFindFinals } from "../../suites/segment-reader-suite.ts";
import { describeTranscriptPages } from "../../suites/transcript-pages-suite.ts";
import { createEmbeddedWorld, shareWorld } from "../../support/actors/databases/database-world.ts";

const shared = shareWorld(createEmbeddedWorld);
afterAll(shared.close);

describeFindFinals("the embedded database", shared.createWorld);
describeTranscriptPages("the embedded database", shared.createWorld);
