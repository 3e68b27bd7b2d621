CREATE TABLE "discarded_events" (
	"event_id" uuid NOT NULL,
	"subscription" text NOT NULL,
	"actor" text NOT NULL,
	"discarded_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"attempts" integer NOT NULL,
	"failures" jsonb NOT NULL,
	CONSTRAINT "discarded_events_event_id_subscription_pk" PRIMARY KEY("event_id","subscription")
);
