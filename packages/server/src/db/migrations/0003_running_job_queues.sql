CREATE TABLE "running_job_queues" (
	"id" text PRIMARY KEY NOT NULL,
	"seen_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
