export default { fetch(request, env) { const { url } = request; return fetch(new Request(env.UPSTREAM + url.slice(url.indexOf("/", 8)), request), { redirect: "manual" }); } };
