// Local development only: tells by the port that a request was sent to which door it knocks at.

export default {
  fetch(request, env) {
    const door = new URL(request.url).port === env.CONTROL_PORT ? env.CONTROL : env.GATEWAY;
    return door.fetch(request);
  },
};
