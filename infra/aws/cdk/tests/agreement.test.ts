/** SAM's template and the CDK construct describe the same. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Duration } from "aws-cdk-lib";

import type { LatchkeyProps } from "../latchkey.js";
import { ofType, type Resource, type Value } from "./resources.js";
import { samResources } from "./sam.js";
import { ADMIN_SECRET_ARN, SECRET_ARN, stackResources } from "./stack.js";

const LISTENER =
  "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/a/0123456789abcdef/0123456789abcdef";
const KEY = "arn:aws:kms:eu-central-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef";

check("Function URL", {}, {});
check(
  "Function URL that streams",
  { ResponseStreaming: "true" },
  { trigger: { kind: "function-url", responseStreaming: true } },
);
check("HTTP API", { Trigger: "http-api" }, { trigger: { kind: "http-api" } });
check(
  "rule of a load balancer",
  { Trigger: "alb", AlbListenerArn: LISTENER, AlbRulePriority: 7 },
  { trigger: { kind: "alb", listenerArn: LISTENER, priority: 7 } },
);
check(
  "parameters in Parameter Store under a key of one's own",
  { SecretArn: "", AdminSecretArn: "", SecretsParameterPrefix: "/a/b", SecretsKmsKeyArn: KEY },
  { secrets: { from: "ssm", parameterPrefix: "/a/b", kmsKeyArn: KEY } },
);
check("table that is there", { ExistingTableName: "restored" }, { existingTableName: "restored" });
check(
  "settings",
  {
    RevocationBoundMs: 700,
    OutageGraceMs: 0,
    BodySearchBytes: 1000,
    UpstreamAllow: "169.254.170.0/24,fd00:ec2::23",
    LogLevel: "debug",
    MemoryMegabytes: 512,
    TimeoutSeconds: 60,
    ReservedConcurrency: 50,
    ControlReservedConcurrency: 3,
    ControlMemoryMegabytes: 1024,
    GatewayPrefix: "/latchkey",
    GatewayOrigin: "https://api.example.com",
    ControlOrigin: "https://keys.example.com",
    AdminOrigins: "https://a.example.com,https://b.example.com",
    PortalCorsOrigins: "https://c.example.com,https://d.example.com",
    MailFrom: "Portal <portal@example.com>",
    MailIdentity: "example.com",
    AuditDays: 30,
    LogRetentionDays: 7,
  },
  {
    revocationBound: Duration.millis(700),
    outageGrace: Duration.seconds(0),
    bodySearchBytes: 1000,
    upstreamAllow: "169.254.170.0/24,fd00:ec2::23",
    logLevel: "debug",
    memoryMegabytes: 512,
    timeout: Duration.minutes(1),
    reservedConcurrency: 50,
    gatewayPrefix: "/latchkey",
    control: {
      reservedConcurrency: 3,
      memoryMegabytes: 1024,
      gatewayOrigin: "https://api.example.com",
      controlOrigin: "https://keys.example.com",
      adminOrigins: ["https://a.example.com", "https://b.example.com"],
      portalCorsOrigins: ["https://c.example.com", "https://d.example.com"],
      mail: { from: "Portal <portal@example.com>", identity: "example.com" },
      auditDays: 30,
    },
    logRetention: 7,
  },
);
check("a control plane that reserves nothing", { ControlReservedConcurrency: 0 }, { control: { reservedConcurrency: 0 } });
check("authorizer of an HTTP API", { AuthorizerHttpApiId: "abc" }, { authorizer: { httpApiId: "abc" } });
check(
  "authorizer of both, its answers reused",
  {
    AuthorizerHttpApiId: "abc",
    AuthorizerRestApiId: "def",
    AuthorizerResponse: "iam",
    AuthorizerResultTtlSeconds: 5,
    AuthorizerKeyHeader: "x-key",
  },
  {
    authorizer: {
      httpApiId: "abc",
      restApiId: "def",
      response: "iam",
      resultTtl: Duration.seconds(5),
      keyHeader: "x-key",
    },
  },
);

/** A REST API is written by the CDK in another shape, so only what matters of it is compared. */
for (const responseStreaming of [false, true]) {
  test(`REST API, ${responseStreaming ? "streaming" : "buffered"}`, () => {
    const sam = samResources({
      SecretArn: SECRET_ARN,
      AdminSecretArn: ADMIN_SECRET_ARN,
      Trigger: "rest-api",
      ResponseStreaming: `${responseStreaming}`,
    });
    const cdk = stackResources({ trigger: { kind: "rest-api", responseStreaming } });
    const essentials = (all: Resource[]) => ({
      api: ofType(all, "AWS::ApiGateway::RestApi").map(({ properties }) => properties),
      path: ofType(all, "AWS::ApiGateway::Resource").map(({ properties }) => properties["PathPart"] ?? null),
      methods: ofType(all, "AWS::ApiGateway::Method").map(({ properties }) => properties),
      stage: ofType(all, "AWS::ApiGateway::Stage").map(({ properties }) => properties["StageName"] ?? null),
      others: all.filter(({ type }) => !/^AWS::(ApiGateway::|Lambda::Permission)/.test(type)).map(comparable),
    });
    assert.deepEqual(sorted(essentials(cdk)), sorted(essentials(sam)));
  });
}

/** All resources are the same, but for what `comparable` leaves out. */
function check(name: string, parameters: Record<string, Value>, props: Partial<LatchkeyProps>): void {
  test(name, () => {
    const sam = samResources({ SecretArn: SECRET_ARN, AdminSecretArn: ADMIN_SECRET_ARN, ...parameters }).map(comparable);
    assert.deepEqual(sorted(stackResources(props).map(comparable)), sorted(sam));
  });
}

/** Without where the code comes from, and names that only people read. */
function comparable({ type, properties, deletionPolicy }: Resource): Resource {
  const { Code, CodeUri, ...rest } = properties;
  if (type === "AWS::IAM::Role") delete rest["Description"];
  const metrics = rest["Metrics"];
  if (Array.isArray(metrics)) {
    rest["Metrics"] = metrics.map((metric) =>
      typeof metric === "object" && metric !== null && "Expression" in metric
        ? { ...metric, Id: "" }
        : metric,
    );
  }
  return { type, properties: rest, deletionPolicy };
}

/** The same whatever the order of lists, and with numbers as text, as CloudFormation takes both. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return Object.fromEntries(
      entries
        .map(([name, inner]) => [name, sorted(inner)])
        .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    );
  }
  return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
}
