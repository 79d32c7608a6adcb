import { describeMigrations } from "../suites/migrations-suite.ts";
import { createEmbeddedWorld } from "../support/database-world.ts";

describeMigrations("the embedded database", createEmbeddedWorld);
