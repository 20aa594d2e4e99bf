/** A request that makes Wasm panic when it is looked at. */
export function panicking(request, call) {
  return new Proxy(request, {
    get(target, name) {
      if (name === "method") call("failForTests");
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
