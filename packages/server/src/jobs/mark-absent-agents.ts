import { updatePresence } from '../commands/update-presence.ts';
import { timer } from './job.ts';

/** Prevents assigning conversations to agents whose desk is closed. */
export const markAbsentAgents = timer({
  task: 'mark-absent-agents',
  summary: 'Sets online agents to away when they close their desk, and back to online when they return.',
  cron: '* * * * *',
  async run({ unitOfWork, desks }) {
    if (desks.absentMinutes === 0) return;
    const atDesk = await desks.agents();
    const changed = await unitOfWork.run((tx) =>
      updatePresence(tx, { atDesk, minutes: desks.absentMinutes }),
    );
    for (const agentId of changed) await desks.changed(agentId);
  },
});
