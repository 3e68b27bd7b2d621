ALTER TABLE "sessions" DROP CONSTRAINT "sessions_contact_identity_id_contact_identities_id_fk";
