import { ProblemError } from '@mevrik/protocol';
import type { FastifyRequest } from 'fastify';
import { appIdsOf, mayActFor, type StaffPrincipal } from '../auth/principal.ts';
import { staffOf } from './access.ts';

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

function noAccess(): ProblemError {
  return new ProblemError('forbidden', 'You do not have access to this app.');
}
