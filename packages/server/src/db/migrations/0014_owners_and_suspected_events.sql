CREATE TABLE "partition_owners" (
	"partition" integer PRIMARY KEY NOT NULL,
	"node" uuid,
	"unexpected_ends" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "suspected_events" (
	"partition" integer NOT NULL,
	"subscription" text NOT NULL,
	"offset" bigint NOT NULL,
	"node" uuid,
	"taken_at" timestamp(3) with time zone,
	"ends" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "suspected_events_partition_subscription_offset_pk" PRIMARY KEY("partition","subscription","offset")
);
