/**
 * Latchkey as one stack, set up by context: `cdk deploy -c secretArn=… -c trigger=http-api`.
 * README.md has the table of what can be set.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { App, Duration, Stack } from "aws-cdk-lib";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as sns from "aws-cdk-lib/aws-sns";

import type { AuthorizerProps } from "./authorizer.js";
import type { MailProps } from "./control.js";
import { Latchkey } from "./latchkey.js";
import type { Secrets } from "./secrets.js";
import type { Trigger } from "./trigger.js";

/** Where `cargo xtask lambda build` puts the archive for an architecture. */
const BUILT = new URL("../../build/", import.meta.url);

const app = new App();
const stack = new Stack(app, text("stackName") ?? "latchkey", {
  description: "Latchkey, an API-key gateway, as two Lambda functions over DynamoDB",
});
new Latchkey(stack, "Latchkey", {
  code: code(architecture()),
  trigger: trigger(),
  secrets: secrets(),
  existingTableName: text("existingTableName"),
  architecture: architecture(),
  memoryMegabytes: number("memoryMegabytes"),
  timeout: duration("timeoutSeconds", Duration.seconds),
  // 0 would let nothing run.
  reservedConcurrency: number("reservedConcurrency") || undefined,
  gatewayPrefix: text("gatewayPrefix"),
  control: {
    reservedConcurrency: number("controlReservedConcurrency"),
    memoryMegabytes: number("controlMemoryMegabytes"),
    gatewayOrigin: text("gatewayOrigin"),
    controlOrigin: text("controlOrigin"),
    adminOrigins: text("adminOrigins")?.split(/, */),
    portalCorsOrigins: text("portalCorsOrigins")?.split(/, */),
    mail: mail(),
    auditDays: number("auditDays"),
  },
  revocationBound: duration("revocationBoundMs", Duration.millis),
  outageGrace: duration("outageGraceMs", Duration.millis),
  bodySearchBytes: number("bodySearchBytes"),
  upstreamAllow: text("upstreamAllow"),
  logLevel: text("logLevel"),
  logRetention: number("logRetentionDays"),
  alarmTopic: alarmTopic(),
  authorizer: authorizer(),
});

function code(architecture: lambda.Architecture): lambda.Code {
  const archive = fileURLToPath(new URL(`latchkey-lambda-${architecture.name}.zip`, BUILT));
  if (existsSync(archive)) return lambda.Code.fromAsset(archive);
  if (text("placeholder") !== "true") {
    throw new Error(
      `${archive} is not there: run "cargo xtask lambda build", or look at the template with -c placeholder=true`,
    );
  }
  const placeholder = fileURLToPath(new URL("./placeholder/", import.meta.url));
  mkdirSync(placeholder, { recursive: true });
  writeFileSync(`${placeholder}bootstrap`, "not built\n");
  return lambda.Code.fromAsset(placeholder);
}

function trigger(): Trigger {
  const kind = text("trigger") ?? "function-url";
  const responseStreaming = text("responseStreaming") === "true";
  if (responseStreaming && kind !== "function-url" && kind !== "rest-api") {
    throw new Error(`responseStreaming works with the triggers function-url and rest-api, not with ${kind}`);
  }
  switch (kind) {
    case "function-url":
    case "rest-api":
      return { kind, responseStreaming };
    case "http-api":
      return { kind };
    case "alb":
      return { kind, listenerArn: required("albListenerArn"), priority: number("albRulePriority") ?? 100 };
    default:
      throw new Error(`trigger ${kind} is none of function-url, http-api, rest-api, alb`);
  }
}

function secrets(): Secrets {
  const secretArn = text("secretArn");
  const adminSecretArn = text("adminSecretArn");
  const parameterPrefix = text("secretsParameterPrefix");
  const kmsKeyArn = text("secretsKmsKeyArn");
  if (parameterPrefix === undefined && secretArn !== undefined && adminSecretArn !== undefined) {
    return { from: "secretsmanager", secretArn, adminSecretArn, kmsKeyArn };
  }
  if (parameterPrefix !== undefined && secretArn === undefined && adminSecretArn === undefined) {
    return { from: "ssm", parameterPrefix, kmsKeyArn };
  }
  throw new Error("set either secretArn and adminSecretArn, or secretsParameterPrefix");
}

function mail(): MailProps | undefined {
  const from = text("mailFrom");
  return from === undefined ? undefined : { from, identity: required("mailIdentity") };
}

function architecture(): lambda.Architecture {
  switch (text("architecture") ?? "arm64") {
    case "arm64":
      return lambda.Architecture.ARM_64;
    case "x86_64":
      return lambda.Architecture.X86_64;
    default:
      throw new Error("architecture is neither arm64 nor x86_64");
  }
}

function alarmTopic(): sns.ITopic | undefined {
  const arn = text("alarmTopicArn");
  return arn === undefined ? undefined : sns.Topic.fromTopicArn(stack, "AlarmTopic", arn);
}

function authorizer(): AuthorizerProps | undefined {
  const httpApiId = text("authorizerHttpApiId");
  const restApiId = text("authorizerRestApiId");
  if (httpApiId === undefined && restApiId === undefined) return undefined;
  const response = text("authorizerResponse");
  if (response !== undefined && response !== "simple" && response !== "iam") {
    throw new Error("authorizerResponse is neither simple nor iam");
  }
  return {
    httpApiId: httpApiId,
    restApiId: restApiId,
    response: response,
    resultTtl: duration("authorizerResultTtlSeconds", Duration.seconds),
    keyHeader: text("authorizerKeyHeader"),
  };
}

function text(name: string): string | undefined {
  const value: unknown = app.node.tryGetContext(name);
  return value === undefined || value === "" ? undefined : String(value);
}

function required(name: string): string {
  const value = text(name);
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

function number(name: string): number | undefined {
  const value = text(name);
  if (value === undefined) return undefined;
  if (!/^[0-9]+$/.test(value)) throw new Error(`${name} is not a number`);
  return Number(value);
}

function duration(name: string, unit: (amount: number) => Duration): Duration | undefined {
  const amount = number(name);
  return amount === undefined ? undefined : unit(amount);
}
