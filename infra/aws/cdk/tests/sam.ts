/** `template.yaml`, read. */
import { readFileSync } from "node:fs";

import { parse, type CollectionTag, type ScalarTag } from "yaml";

import { resources, type Resource, type Template, type Value } from "./resources.js";

/** CloudFormation's short forms, such as `!Ref`. */
const FUNCTIONS = ["And", "Contains", "Equals", "GetAtt", "If", "Not", "Or", "Sub"];

/** The template as it is written. */
export function samTemplate(): Template {
  const text = readFileSync(new URL("../../../template.yaml", import.meta.url), "utf8");
  const customTags = [...tags("Ref", "Ref"), ...FUNCTIONS.flatMap((name) => tags(name, `Fn::${name}`))];
  return parse(text, { customTags }) as Template;
}

/** What it describes with these parameters and the default of all others. */
export function samResources(parameters: Record<string, Value>): Resource[] {
  const template = samTemplate();
  for (const name of Object.keys(parameters)) {
    if (template.Parameters?.[name] === undefined) throw new Error(`template.yaml has no parameter ${name}`);
  }
  return resources(template, parameters);
}

/** A function takes text or a list. */
function tags(short: string, long: string): (ScalarTag | CollectionTag)[] {
  return [
    { tag: `!${short}`, resolve: (text: string) => ({ [long]: text }) },
    {
      tag: `!${short}`,
      collection: "seq",
      resolve: (list) => ({ [long]: (list as { toJSON(): Value }).toJSON() }),
    },
  ];
}
