// Hands on what it is sent as if it had come by https.

export default {
  fetch: (request, { GATEWAY }) => GATEWAY.fetch(new Request(request.url.replace(/^http:/, "https:"), request)),
};
