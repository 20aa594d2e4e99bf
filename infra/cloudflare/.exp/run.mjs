import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync, mkdtempSync } from "node:fs";
import { freePort } from "../tests/harness.mjs";
import { script, servePlain } from "../tests/plain.mjs";
const port = await freePort();
const folder = mkdtempSync("/tmp/exp-");
writeFileSync(folder+"/nginx.conf", `worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 1024; } http { access_log off; keepalive_requests 1000000; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
server { listen 127.0.0.1:${port}; location / { default_type text/plain; return 200 "hello"; } } }`);
const nginx = spawn("/usr/sbin/nginx", ["-c", folder+"/nginx.conf", "-p", folder], {stdio:"inherit"});
await new Promise(r=>setTimeout(r,300));
const up = `http://127.0.0.1:${port}`;
const names = process.argv[2].split(",");
const rounds = Number(process.argv[3]??5);
const servers = {};
for (const n of names) servers[n] = await servePlain(script(readFileSync(`.exp/${n}.js`,"utf8"), [`(name = "UPSTREAM", text = "${up}")`]), "/none");
const ticks = pid => { const f = readFileSync(`/proc/${pid}/stat`,"utf8").split(") ")[1].split(" "); return Number(f[11])+Number(f[12]); };
writeFileSync(folder+"/l.lua", `wrk.headers["apikey"]="lk_0123456789012345678901234567890123456789"\nfunction done(s) io.write("R "..s.requests.." "..s.errors.status.."\\n") end`);
const res = {};
for (let r=0;r<rounds+1;r++) for (const n of names) {
  const s = servers[n]; const b = ticks(s.pid);
  const out = execFileSync("wrk",["-t1","-c16","-d1s","-s",folder+"/l.lua",s.url+"/route-0/x"],{encoding:"utf8"});
  const [,q,e] = /R (\d+) (\d+)/.exec(out); if (Number(e)) console.log(n,"errors",e);
  if (r) (res[n]??=[]).push((ticks(s.pid)-b)*1e4/Number(q));
}
for (const n of names) { res[n].sort((a,b)=>a-b); console.log(n.padEnd(16), "min", res[n][0].toFixed(1), "med", res[n][rounds>>1].toFixed(1)); }
for (const n of names) await servers[n].stop();
nginx.kill();
