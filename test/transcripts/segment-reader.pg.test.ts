import { describeFindFinals } from "../suites/segment-reader-suite.ts";
import { createServerWorld } from "../support/database-world.ts";

describeFindFinals("PostgreSQL", createServerWorld);
