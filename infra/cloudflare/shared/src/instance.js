// A Wasm instance. Its state is cache only: after a call that throws, it is replaced by a new one.

/** `exported`: the glue's functions and classes by name; `reset`: its way to start over. */
export function manage(exported, reset) {
  let generation = 0;
  let poisoned = false;

  function renew() {
    reset();
    poisoned = false;
    generation += 1;
  }

  return {
    /** Calls into Wasm. Whatever is thrown there may have left it half-way: it is never used again. */
    call(name, ...values) {
      if (poisoned) renew();
      try {
        return exported[name](...values);
      } catch (error) {
        poisoned = true;
        throw error;
      }
    },

    /** The same for a method of an object in Wasm, of the instance numbered `since`. */
    callMethod(since, object, name, ...values) {
      if (poisoned || since !== generation) throw new Error("the instance was replaced");
      try {
        return object[name](...values);
      } catch (error) {
        if (error instanceof WebAssembly.RuntimeError) poisoned = true;
        throw error;
      }
    },

    create(className, ...values) {
      if (poisoned) renew();
      try {
        return new exported[className](...values);
      } catch (error) {
        if (error instanceof WebAssembly.RuntimeError) poisoned = true;
        throw error;
      }
    },

    /** Numbers the instances; those with another number are gone. */
    currentGeneration() {
      if (poisoned) renew();
      return generation;
    },
  };
}

/** The settings and secrets that core reads, by name. */
export function settingsOf(env) {
  const settings = {};
  for (const name of Object.keys(env)) if (name.startsWith("LATCHKEY_")) settings[name] = String(env[name]);
  return JSON.stringify(settings);
}

/** A setting is missing or wrong; the message, for the log, says which. */
export class Unconfigured extends Error {}
