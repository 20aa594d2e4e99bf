// A Worker that answers a constant.

export default {
  fetch() {
    return new Response('{"message":"Unauthorized"}', {
      status: 401,
      headers: { "content-type": "application/json; charset=utf-8", "www-authenticate": "Key" },
    });
  },
};
