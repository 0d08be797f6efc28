// Loaded before the command line (`node --import`): counts the processes it starts and writes their number at its end.
import { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';

let started = 0;
const { spawn } = ChildProcess.prototype;
ChildProcess.prototype.spawn = function (...args) {
  started++;
  return spawn.apply(this, args);
};
process.on('exit', () => writeFileSync(process.env.SPY_FILE, String(started)));
