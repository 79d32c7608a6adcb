import { afterAll } from "bun:test";
import { describeSegmentStore } from "../../suites/segment-store-suite.ts";
import { describeTranslations } from "../../suites/translations-suite.ts";
import { createEmbeddedWorld, shareWorld } from "../../support/actors/databases/database-world.ts";

const shared = shareWorld(createEmbeddedWorld);
afterAll(shared.close);

describeSegmentStore("the embedded database", shared.createWorld);
describeTranslations("the embedded database", shared.createWorld);
