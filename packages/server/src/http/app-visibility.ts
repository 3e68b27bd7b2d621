import { ProblemError } from '@mevrik/protocol';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { appIdsOf, mayActFor, type StaffPrincipal } from '../auth/principal.ts';
import { staffOf } from './access.ts';

const appIdsSchema = z.array(z.int()).nullable();

/**
 * The apps whose data an agent may see: all of theirs, or only the requested one; `null` means every app.
 * @throws ProblemError `forbidden` when the agent has no access to the requested app.
 */
export function visibleApps(
  principal: StaffPrincipal,
  requested: number | undefined,
): readonly number[] | null {
  if (requested === undefined) return appIdsOf(principal);
  if (!mayActFor(principal, requested)) throw noAccess();
  return [requested];
}

/** Checks that the calling agent has access to an app. @throws ProblemError `forbidden`. */
export function assertAppAccess(request: FastifyRequest, appId: number): void {
  if (!mayActFor(staffOf(request), appId)) throw noAccess();
}

/** A key for reports on these apps, `null` for all, that are shared between agents who may see the same ones. */
export function keyOfApps(appIds: readonly number[] | null): string {
  return JSON.stringify(appIds);
}

/** The apps of a key of `keyOfApps`. */
export function appsInKey(key: string): readonly number[] | null {
  return appIdsSchema.parse(JSON.parse(key));
}

function noAccess(): ProblemError {
  return new ProblemError('forbidden', 'You do not have access to this app.');
}
