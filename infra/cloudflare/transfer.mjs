// An installation from before there were two scripts has the object in the script `latchkey`. The
// platform moves it to the control script by a migration of that script's first deployment; the
// shipped configuration, with which all later ones are made, has a migration of the same tag.

/** The control script's configuration for that one deployment. */
export function transferring(config) {
  const [{ tag, new_sqlite_classes: classes }, ...later] = config.migrations;
  const transferred = classes.map((name) => ({ from: name, from_script: "latchkey", to: name }));
  return { ...config, migrations: [{ tag, transferred_classes: transferred }, ...later] };
}

/** The file, which has comments: so it is an expression of JavaScript. */
export function parsed(text) {
  return new Function(`return (${text})`)();
}
