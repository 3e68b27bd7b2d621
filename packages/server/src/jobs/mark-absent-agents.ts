import { updatePresence } from '../commands/update-presence.ts';
import { timer } from './job.ts';

/** Conversations are given to nobody whose laptop is closed. */
export const markAbsentAgents = timer({
  task: 'note-absence',
  summary: 'Sets agents away who are online and have no desk open any more, and online when they are back.',
  cron: '* * * * *',
  async run({ unitOfWork, desks }) {
    if (desks.absentMinutes === 0) return;
    const atDesk = await desks.agents();
    const changed = await unitOfWork.run((tx) => updatePresence(tx, { atDesk, minutes: desks.absentMinutes }));
    for (const agentId of changed) await desks.changed(agentId);
  },
});
