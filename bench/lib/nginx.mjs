// nginx as a static file server, with a prefix, a configuration and a port of its own.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { need } from './programs.mjs';
import { freePort, untilReady } from './server.mjs';

/** Starts nginx over the files of `root`; `alive` is a path there that it serves. Gives its process and its address. */
export async function startNginx(workshop, root, alive) {
  need('nginx', 'nginx-light');
  const prefix = workshop.path('nginx');
  mkdirSync(prefix);
  const port = await freePort();
  const file = join(prefix, 'nginx.conf');
  writeFileSync(file, configuration(prefix, root, port));
  const child = workshop.start('nginx', ['-p', prefix, '-c', file, '-e', 'error.log'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(`${url}/${alive}`);
  return { child, url };
}

/**
 * As one tunes it for static files: sendfile, open files kept, no log. Not tcp_nopush: with it, answers to ranges on kept
 * connections wait for the client's delayed acknowledgement, 40 ms each (measured: 850 instead of 15,000 a second).
 */
function configuration(prefix, root, port) {
  // The folder is ours alone, so the workers must be us as well; only root may say so.
  const user = process.getuid() === 0 ? 'user root;' : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `${user}
daemon off;
pid ${prefix}/nginx.pid;
error_log ${prefix}/error.log;
worker_processes auto;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  open_file_cache max=100;
  keepalive_requests 1000000000;
  default_type application/octet-stream;
${temporary.map((name) => `  ${name}_temp_path ${prefix}/${name};`).join('\n')}
  server {
    listen 127.0.0.1:${port};
    root ${root};
  }
}
`;
}
