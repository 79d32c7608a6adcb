import { describeMigrations } from "../suites/migrations-suite.ts";
import { createEmbeddedWorld } from "../support/actors/databases/database-world.ts";

describeMigrations("the embedded database", createEmbeddedWorld);
