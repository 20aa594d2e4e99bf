import { RemovalPolicy, type Duration } from "aws-cdk-lib";
import type * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import * as iam from "aws-cdk-lib/aws-iam";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as logs from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";

import { secretsPolicy, secretsSetting, type Secrets } from "./secrets.js";
import { tablePolicy, type Plane } from "./table.js";

/** What all functions have in common. */
export interface LatchkeyFunctionProps {
  readonly description: string;
  /** Says what it may do. */
  readonly plane: Plane;
  /** An archive or a folder with the binary as `bootstrap`. */
  readonly code: lambda.Code;
  readonly architecture: lambda.Architecture;
  readonly memoryMegabytes: number;
  readonly timeout: Duration;
  readonly reservedConcurrency?: number;
  readonly table: dynamodb.ITable;
  readonly secrets: Secrets;
  /** Settings but for the table and the secrets. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logRetention: logs.RetentionDays;
  /** What it may do besides. */
  readonly policies?: Readonly<Record<string, iam.PolicyDocument>>;
}

/** A function of the one binary, with a log group and a role of its own. */
export class LatchkeyFunction extends Construct {
  readonly function: lambda.Function;
  readonly logGroup: logs.LogGroup;

  constructor(scope: Construct, id: string, props: LatchkeyFunctionProps) {
    super(scope, id);
    this.logGroup = new logs.LogGroup(this, "LogGroup", {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.function = new lambda.Function(this, "Function", {
      description: props.description,
      code: props.code,
      runtime: lambda.Runtime.PROVIDED_AL2023,
      handler: "bootstrap",
      architecture: props.architecture,
      memorySize: props.memoryMegabytes,
      timeout: props.timeout,
      reservedConcurrentExecutions: props.reservedConcurrency,
      role: this.role(props),
      logGroup: this.logGroup,
      environment: {
        ...props.environment,
        LATCHKEY_TABLE: props.table.tableName,
        LATCHKEY_SECRETS_FROM: secretsSetting(props.secrets, props.plane),
      },
    });
  }

  /** Written out, as the managed policy for Lambda may write every log of the account. */
  private role(props: LatchkeyFunctionProps): iam.Role {
    const writesLogs = new iam.PolicyStatement({
      actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
      resources: [this.logGroup.logGroupArn],
    });
    return new iam.Role(this, "Role", {
      description: `What this may do: ${props.description}`,
      assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: {
        table: tablePolicy(props.table.tableArn, props.plane),
        logs: new iam.PolicyDocument({ statements: [writesLogs] }),
        secrets: secretsPolicy(this, props.secrets, props.plane),
        ...props.policies,
      },
    });
  }
}
