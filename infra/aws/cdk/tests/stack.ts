/** Stacks to look at. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import * as lambda from "aws-cdk-lib/aws-lambda";

import { Latchkey, type LatchkeyProps } from "../latchkey.js";
import { resources, type Resource, type Template as Written } from "./resources.js";

/** As the app is run with. */
const CONTEXT = JSON.parse(readFileSync(new URL("../../cdk.json", import.meta.url), "utf8")).context;
/** For everything that is written here, removed at the end. */
const SCRATCH = mkdtempSync(join(tmpdir(), "latchkey-cdk-"));
process.on("exit", () => rmSync(SCRATCH, { recursive: true, force: true }));
writeFileSync(join(SCRATCH, "bootstrap"), "not built\n");

export const SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:latchkey-AbCdEf";
export const ADMIN_SECRET_ARN =
  "arn:aws:secretsmanager:eu-central-1:123456789012:secret:latchkey-admin-GhIjKl";

/** The template of a stack with Latchkey, a Function URL and a secret unless said otherwise. */
export function stack(
  props: Partial<LatchkeyProps> | ((stack: Stack) => Partial<LatchkeyProps>) = {},
): Template {
  const outdir = mkdtempSync(join(SCRATCH, "cdk.out-"));
  const stack = new Stack(new App({ context: CONTEXT, outdir }), "latchkey");
  new Latchkey(stack, "Latchkey", {
    code: lambda.Code.fromAsset(SCRATCH, { exclude: ["cdk.out-*"] }),
    trigger: { kind: "function-url" },
    secrets: { from: "secretsmanager", secretArn: SECRET_ARN, adminSecretArn: ADMIN_SECRET_ARN },
    ...(typeof props === "function" ? props(stack) : props),
  });
  return Template.fromStack(stack);
}

/** What such a stack is made of. */
export function stackResources(props: Partial<LatchkeyProps> = {}): Resource[] {
  return resources(stack(props).toJSON() as Written);
}
