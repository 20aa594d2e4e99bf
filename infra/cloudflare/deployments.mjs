// The control script's configuration where it is not deployed as it is shipped.

/**
 * An installation from before there were two scripts has the object in the script `latchkey`. The platform moves
 * it to the control script by a migration of that script's first deployment; the shipped configuration, with
 * which all later ones are made, has a migration of the same tag.
 */
export function transferring(config) {
  const [{ tag, new_sqlite_classes: classes }, ...later] = config.migrations;
  const transferred = classes.map((name) => ({ from: name, from_script: "latchkey", to: name }));
  return { ...config, migrations: [{ tag, transferred_classes: transferred }, ...later] };
}

/**
 * Where there is no script of the gateway's yet, none can be bound to; and that one is bound to the control
 * script's object, so that it cannot be there before.
 */
export function withoutGateway(config) {
  return { ...config, services: config.services.filter(({ binding }) => binding !== "GATEWAY") };
}

/** The file, which has comments: so it is an expression of JavaScript. */
export function parsed(text) {
  return new Function(`return (${text})`)();
}
