/** What a stack with Latchkey must be, whatever else it has. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { Duration } from "aws-cdk-lib";
import { Match, type Template } from "aws-cdk-lib/assertions";
import * as sns from "aws-cdk-lib/aws-sns";

import type { LatchkeyProps } from "../latchkey.js";
import { GATEWAY_ACTIONS, TABLE_ACTIONS } from "../table.js";
import { ofType, type Resource, type Value } from "./resources.js";
import { ADMIN_SECRET_ARN, SECRET_ARN, stack, stackResources } from "./stack.js";

const ALB = {
  kind: "alb",
  listenerArn:
    "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/a/0123456789abcdef/0123456789abcdef",
  priority: 1,
} as const;
const ADAPTER = new URL("../../../../../lambda-adapter/src/", import.meta.url);
/** Where the partitions that a gateway uses have their names. */
const PUBLISHED = new URL("../../../../../core/published/src/", import.meta.url);
/** One stack for each trigger, with all that can be added. */
const VARIANTS: Record<string, Partial<LatchkeyProps>> = {
  "Function URL": { trigger: { kind: "function-url", responseStreaming: true } },
  "HTTP API": { trigger: { kind: "http-api" } },
  "REST API": { trigger: { kind: "rest-api" } },
  "load balancer": { trigger: ALB },
  "Parameter Store": {
    secrets: {
      from: "ssm",
      parameterPrefix: "/latchkey",
      kmsKeyArn: "arn:aws:kms:eu-central-1:123456789012:key/k",
    },
  },
  authorizer: { authorizer: { httpApiId: "abc", restApiId: "def" } },
  mail: {
    control: {
      controlOrigin: "https://keys.example.com",
      mail: { from: "Portal <portal@example.com>", identity: "example.com" },
    },
  },
};

test("the table is on demand, recoverable, encrypted, and outlives the stack", () => {
  const template = stack();
  template.resourceCountIs("AWS::DynamoDB::Table", 1);
  template.hasResource("AWS::DynamoDB::Table", {
    DeletionPolicy: "Retain",
    UpdateReplacePolicy: "Retain",
    Properties: {
      BillingMode: "PAY_PER_REQUEST",
      ProvisionedThroughput: Match.absent(),
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
      SSESpecification: { SSEEnabled: true },
      TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
    },
  });
});

test("both functions are the binary, on arm64", () => {
  for (const [mode, timeout, memory, concurrency] of [
    ["proxy", 29, 256, Match.absent()],
    // A hash takes processor time, and a flood of them must not take what the gateway needs.
    ["control", 60, 512, 5],
  ]) {
    stack().hasResourceProperties("AWS::Lambda::Function", {
      Runtime: "provided.al2023",
      Handler: "bootstrap",
      Architectures: ["arm64"],
      MemorySize: memory,
      Timeout: timeout,
      ReservedConcurrentExecutions: concurrency,
      Environment: { Variables: Match.objectLike({ LATCHKEY_MODE: mode }) },
    });
  }
});

test("the control plane is called once a minute, and not again if that fails", () => {
  const template = stack();
  const [control] = Object.entries(template.findResources("AWS::Lambda::Function")).find(
    ([, { Properties }]) => Properties.Environment.Variables.LATCHKEY_MODE === "control",
  ) ?? [""];
  template.hasResourceProperties("AWS::Events::Rule", {
    ScheduleExpression: "rate(1 minute)",
    State: "ENABLED",
    Targets: [Match.objectLike({ Arn: { "Fn::GetAtt": [control, "Arn"] } })],
  });
  template.hasResourceProperties("AWS::Lambda::EventInvokeConfig", {
    FunctionName: { Ref: control },
    MaximumRetryAttempts: 0,
    MaximumEventAgeInSeconds: 60,
  });
});

test("a gateway's partitions are those that the planes have in common", () => {
  const source = rustSources(PUBLISHED).join("\n");
  for (const partition of GATEWAY_ACTIONS.flatMap(({ partitions }) => partitions)) {
    const name = partition.replace("*", "");
    assert.ok(source.includes(`"${name}`), name);
  }
  for (const [, partition = ""] of source.matchAll(/const PARTITION: &str = "([^"]+)"/g)) {
    const isAllowed = GATEWAY_ACTIONS.flatMap(({ partitions }) => partitions).some((allowed) =>
      allowed.endsWith("*") ? partition.startsWith(allowed.slice(0, -1)) : partition === allowed,
    );
    assert.ok(isAllowed, partition);
  }
});

test("the actions are those of the calls in the store's source", () => {
  const calls = new Set<string>();
  for (const source of rustSources(ADAPTER)) {
    for (const [, call] of source.matchAll(/\.(\w+)\(\)\s*\.table_name\(/g)) calls.add(action(call ?? ""));
    // TransactWriteItems is allowed by its parts.
    if (/\.transact_write_items\(\)/.test(source)) {
      for (const [, part] of source.matchAll(/\b(ConditionCheck|Put|Delete|Update)::builder\(\)/g)) {
        calls.add(`dynamodb:${part}Item`);
      }
    }
    assert.doesNotMatch(source, /\.(batch_get_item|batch_write_item|execute_statement)\(\)/);
  }
  assert.deepEqual([...calls].sort(), [...TABLE_ACTIONS]);
});

test("settings have names that the function reads", () => {
  const source = rustSources(ADAPTER).join("\n");
  for (const { properties } of ofType(
    stackResources({ authorizer: { httpApiId: "abc" } }),
    "AWS::Lambda::Function",
  )) {
    for (const name of Object.keys((properties["Environment"] as { Variables: object }).Variables)) {
      assert.ok(name === "RUST_LOG" || source.includes(`"${name}"`), name);
    }
  }
});

for (const [name, props] of Object.entries(VARIANTS)) {
  const all = stackResources(props);

  test(`${name}: roles name what they may use, and have no managed policy`, () => {
    const roles = ofType(all, "AWS::IAM::Role");
    assert.equal(roles.length, props.authorizer === undefined ? 2 : 3);
    const functions = ofType(all, "AWS::Lambda::Function");
    for (const [at, role] of roles.entries()) {
      assert.equal(role.properties["ManagedPolicyArns"], undefined);
      const sends = props.control?.mail !== undefined && mode(functions[at] as Resource) === "control";
      assert.deepEqual(policyNames(role), [...(sends ? ["logs", "mail"] : ["logs"]), "secrets", "table"]);
      for (const statement of policyNames(role).flatMap((policy) => statements(role, policy))) {
        for (const text of [statement["Action"], statement["Resource"]].flat()) {
          assert.equal(typeof text, "string");
          assert.doesNotMatch(String(text), /\*/);
        }
      }
    }
    assert.equal(ofType(all, "AWS::IAM::Policy").length, 0);
  });

  test(`${name}: only the control plane uses the whole table, and nobody another`, () => {
    const functions = ofType(all, "AWS::Lambda::Function");
    ofType(all, "AWS::IAM::Role").forEach((role, at) => {
      const allowed = { Effect: "Allow", Resource: "${AWS::DynamoDB::Table.Arn}" };
      const within = (partitions: string[]) => ({
        "ForAllValues:StringLike": { "dynamodb:LeadingKeys": partitions },
        Null: { "dynamodb:LeadingKeys": "false" },
      });
      const expected =
        mode(functions[at] as Resource) === "control"
          ? [{ ...allowed, Action: [...TABLE_ACTIONS] }]
          : [
              {
                ...allowed,
                Action: ["dynamodb:GetItem", "dynamodb:Query"],
                Condition: within(["grant/*", "published"]),
              },
              { ...allowed, Action: "dynamodb:PutItem", Condition: within(["rehash/*"]) },
            ];
      assert.deepEqual(statements(role, "table"), expected);
    });
  });

  test(`${name}: no gateway may read the admin token`, () => {
    const functions = ofType(all, "AWS::Lambda::Function");
    ofType(all, "AWS::IAM::Role").forEach((role, at) => {
      const read = statements(role, "secrets").flatMap((statement) => [statement["Resource"]].flat());
      const isToken = (resource: Value | undefined) => /admin|ADMIN_TOKEN/.test(String(resource));
      assert.equal(read.some(isToken), mode(functions[at] as Resource) === "control");
    });
  });

  test(`${name}: every function has a log group of its own that forgets, and its role writes there alone`, () => {
    const functions = ofType(all, "AWS::Lambda::Function");
    const groups = ofType(all, "AWS::Logs::LogGroup");
    const roles = ofType(all, "AWS::IAM::Role");
    assert.equal(groups.length, functions.length);
    for (const group of groups) assert.equal(group.properties["RetentionInDays"], 30);
    functions.forEach(({ properties }, at) => {
      const place = at === 0 ? "" : `#${at + 1}`;
      assert.equal(properties["Role"], `\${AWS::IAM::Role${place}.Arn}`);
      assert.deepEqual(properties["LoggingConfig"], { LogGroup: `\${AWS::Logs::LogGroup${place}}` });
      assert.deepEqual(statements(roles[at] as Resource, "logs"), [
        {
          Effect: "Allow",
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource: `\${AWS::Logs::LogGroup${place}.Arn}`,
        },
      ]);
    });
  });

  test(`${name}: no secret is in the template`, () => {
    for (const { properties } of ofType(all, "AWS::Lambda::Function")) {
      const { Variables } = properties["Environment"] as { Variables: Record<string, Value> };
      for (const secret of ["LATCHKEY_PEPPER", "LATCHKEY_PEPPER_PREVIOUS", "LATCHKEY_ADMIN_TOKEN", "LATCHKEY_VERIFY_TOKEN"]) {
        assert.equal(Variables[secret], undefined);
      }
      assert.match(String(Variables["LATCHKEY_SECRETS_FROM"]), /^(secretsmanager:arn:|ssm:\/)/);
    }
  });

  test(`${name}: only who should may call the functions`, () => {
    for (const { properties } of ofType(all, "AWS::Lambda::Permission")) {
      const { Principal, SourceArn, FunctionUrlAuthType, InvokedViaFunctionUrl, FunctionName } = properties;
      if (Principal === "*") {
        assert.ok(FunctionUrlAuthType === "NONE" || InvokedViaFunctionUrl === true);
        const isControl = FunctionName === "${AWS::Lambda::Function#2.Arn}";
        assert.ok(isControl || props.trigger === undefined || props.trigger.kind === "function-url");
      } else if (Principal === "events.amazonaws.com") {
        assert.equal(SourceArn, "${AWS::Events::Rule.Arn}");
      } else {
        assert.match(String(Principal), /^(apigateway|elasticloadbalancing)\.amazonaws\.com$/);
        assert.match(String(SourceArn), /:\$\{AWS::AccountId\}:/);
      }
    }
  });
}

test("a secret is read by its full name, under a key of one's own if there is one", () => {
  const kmsKeyArn = "arn:aws:kms:eu-central-1:123456789012:key/k";
  const secret = { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: SECRET_ARN };
  const both = { ...secret, Resource: [SECRET_ARN, ADMIN_SECRET_ARN] };
  assert.deepEqual(readsSecrets(stackResources()), [[secret], [both]]);
  const under = stackResources({
    secrets: {
      from: "secretsmanager",
      secretArn: SECRET_ARN,
      adminSecretArn: ADMIN_SECRET_ARN,
      kmsKeyArn,
    },
  });
  const decrypt = {
    Effect: "Allow",
    Action: "kms:Decrypt",
    Resource: kmsKeyArn,
    Condition: { StringEquals: { "kms:ViaService": "secretsmanager.${AWS::Region}.${AWS::URLSuffix}" } },
  };
  assert.deepEqual(readsSecrets(under), [
    [secret, decrypt],
    [both, decrypt],
  ]);
});

test("mails are sent by one identity, and links in them need an origin", () => {
  const [, role] = ofType(stackResources(VARIANTS["mail"]), "AWS::IAM::Role");
  const arn = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/example.com";
  assert.deepEqual(statements(role as Resource, "mail"), [
    { Effect: "Allow", Action: "ses:SendEmail", Resource: arn },
  ]);
  const mail = { from: "portal@example.com", identity: "example.com" };
  assert.throws(() => stack({ control: { mail } }), /controlOrigin/);
});

test("parameters are read by their names", () => {
  const all = stackResources({ secrets: { from: "ssm", parameterPrefix: "/latchkey" } });
  const start = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/latchkey/LATCHKEY_";
  const peppers = [`${start}PEPPER`, `${start}PEPPER_PREVIOUS`];
  const reads = (names: string[]) => [{ Effect: "Allow", Action: "ssm:GetParameters", Resource: names }];
  assert.deepEqual(readsSecrets(all), [
    reads([...peppers, `${start}VERIFY_TOKEN`]),
    reads([`${start}ADMIN_TOKEN`, ...peppers]),
  ]);
});

test("a Function URL is open, and streams if it is to", () => {
  stack().hasResourceProperties("AWS::Lambda::Url", { AuthType: "NONE", InvokeMode: "BUFFERED" });
  const streaming = stack({ trigger: { kind: "function-url", responseStreaming: true } });
  streaming.hasResourceProperties("AWS::Lambda::Url", { AuthType: "NONE", InvokeMode: "RESPONSE_STREAM" });
  assert.equal(environment(streaming)["LATCHKEY_RESPONSE_STREAMING"], "true");
  streaming.resourceCountIs("AWS::ApiGatewayV2::Api", 0);
});

test("an HTTP API hands on every request, in payload 2.0", () => {
  const template = stack({ trigger: { kind: "http-api" } });
  template.hasResourceProperties("AWS::ApiGatewayV2::Integration", {
    IntegrationType: "AWS_PROXY",
    PayloadFormatVersion: "2.0",
  });
  template.hasResourceProperties("AWS::ApiGatewayV2::Route", {
    RouteKey: "$default",
    AuthorizationType: "NONE",
  });
  template.hasResourceProperties("AWS::ApiGatewayV2::Stage", { StageName: "$default", AutoDeploy: true });
  template.resourceCountIs("AWS::Lambda::Url", 1);
  assert.equal(environment(template)["LATCHKEY_RESPONSE_STREAMING"], "false");
});

test("a REST API takes bodies as they are, and logs nothing by a role of its own", () => {
  const template = stack({ trigger: { kind: "rest-api" } });
  template.hasResourceProperties("AWS::ApiGateway::RestApi", { BinaryMediaTypes: ["*/*"] });
  template.resourceCountIs("AWS::ApiGateway::Method", 2);
  template.resourceCountIs("AWS::ApiGateway::Account", 0);
});

test("a load balancer's rule hands on repeated fields", () => {
  stack({ trigger: ALB }).hasResourceProperties("AWS::ElasticLoadBalancingV2::TargetGroup", {
    TargetType: "lambda",
    TargetGroupAttributes: [{ Key: "lambda.multi_value_headers.enabled", Value: "true" }],
  });
});

test("an authorizer's answers are not reused", () => {
  const template = stack({ authorizer: { httpApiId: "abc", restApiId: "def" } });
  template.hasResourceProperties("AWS::ApiGatewayV2::Authorizer", {
    AuthorizerType: "REQUEST",
    AuthorizerPayloadFormatVersion: "2.0",
    EnableSimpleResponses: true,
    AuthorizerResultTtlInSeconds: 0,
    IdentitySource: Match.absent(),
  });
  template.hasResourceProperties("AWS::ApiGateway::Authorizer", {
    Type: "REQUEST",
    AuthorizerResultTtlInSeconds: 0,
    IdentitySource: Match.absent(),
  });
});

test("an authorizer's answers that are reused are for one key, path, method and host", () => {
  const resultTtl = Duration.seconds(3);
  const template = stack({ authorizer: { httpApiId: "abc", restApiId: "def", resultTtl } });
  template.hasResourceProperties("AWS::ApiGatewayV2::Authorizer", {
    AuthorizerResultTtlInSeconds: 3,
    IdentitySource: ["$request.header.apikey", "$context.path", "$context.httpMethod", "$context.domainName"],
  });
  template.hasResourceProperties("AWS::ApiGateway::Authorizer", {
    AuthorizerResultTtlInSeconds: 3,
    IdentitySource: "method.request.header.apikey,context.path,context.httpMethod,context.domainName",
  });
});

test("alarms watch errors, throttles, duration and the table, and tell the topic", () => {
  const template = stack((stack) => ({
    alarmTopic: new sns.Topic(stack, "Topic"),
    authorizer: { httpApiId: "abc" },
  }));
  const alarms = Object.values(template.findResources("AWS::CloudWatch::Alarm"));
  assert.equal(alarms.length, 9);
  const text = JSON.stringify(alarms);
  for (const metric of [
    "Errors",
    "Throttles",
    "Duration",
    "SystemErrors",
    "ReadThrottleEvents",
    "WriteThrottleEvents",
  ]) {
    assert.ok(text.includes(`"MetricName":"${metric}"`), metric);
  }
  for (const alarm of alarms) {
    assert.equal(alarm["Properties"].AlarmActions.length, 1);
    assert.equal(alarm["Properties"].TreatMissingData, "notBreaching");
  }
});

test("without a topic alarms tell nobody", () => {
  for (const alarm of Object.values(stack().findResources("AWS::CloudWatch::Alarm"))) {
    assert.equal(alarm["Properties"].AlarmActions, undefined);
  }
});

type Statement = Record<string, Value>;

function policyNames(role: Resource): string[] {
  const policies = role.properties["Policies"] as { PolicyName: string }[];
  return policies.map(({ PolicyName }) => PolicyName).sort();
}

function statements(role: Resource, policy: string): Statement[] {
  const policies = role.properties["Policies"] as {
    PolicyName: string;
    PolicyDocument: { Statement: Statement[] };
  }[];
  const named = policies.find(({ PolicyName }) => PolicyName === policy);
  assert.ok(named, `a policy ${policy}`);
  return named.PolicyDocument.Statement;
}

/** What the gateway and the control plane may read of the secrets. */
function readsSecrets(all: Resource[]): Statement[][] {
  return ofType(all, "AWS::IAM::Role").map((role) => statements(role, "secrets"));
}

/** `LATCHKEY_MODE` of a function. */
function mode({ properties }: Resource): Value | undefined {
  return (properties["Environment"] as { Variables: Record<string, Value> }).Variables["LATCHKEY_MODE"];
}

function environment(template: Template): Record<string, Value> {
  const [gateway] = Object.values(template.findResources("AWS::Lambda::Function"));
  return gateway?.["Properties"].Environment.Variables;
}

/** `dynamodb:GetItem` for `get_item`. */
function action(call: string): string {
  const words = call.split("_").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return `dynamodb:${words.join("")}`;
}

function rustSources(folder: URL): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".rs"))
    .map((name) => readFileSync(new URL(name, folder), "utf8"));
}
