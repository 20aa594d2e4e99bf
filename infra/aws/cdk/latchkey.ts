import { CfnOutput, Duration } from "aws-cdk-lib";
import * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as logs from "aws-cdk-lib/aws-logs";
import type * as sns from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";

import { Alarms } from "./alarms.js";
import { Authorizer, type AuthorizerProps } from "./authorizer.js";
import { Control, CONTROL_TIMEOUT, type ControlProps } from "./control.js";
import { LatchkeyFunction } from "./function.js";
import type { Secrets } from "./secrets.js";
import { makeTable } from "./table.js";
import { addTrigger, streams, type Trigger } from "./trigger.js";

/** How Latchkey is set up. What is left out has the same default as in `template.yaml`. */
export interface LatchkeyProps {
  /** An archive or a folder with the binary as `bootstrap`, built for the architecture. */
  readonly code: lambda.Code;
  /** What calls the gateway. */
  readonly trigger: Trigger;
  /** Where pepper and admin token are. */
  readonly secrets: Secrets;
  /** A table that is there already, such as a restored one. Default: one is made. */
  readonly existingTableName?: string;
  /** Default: arm64. */
  readonly architecture?: lambda.Architecture;
  /**
   * Of the gateway and the authorizer. Default: 256; at least 192. The process needs some 20 MB, up to 68 MB more for keys it remembers, and
   * each body it searches. Beyond that, memory buys processor time (a full core at 1769 MB): with less than
   * this, TLS handshakes with upstreams take noticeably longer; with more, a warm request gains little, as
   * it waits for the upstream.
   */
  readonly memoryMegabytes?: number;
  /**
   * How long one request may take, upstream included. Default: 29 s, as long as a REST API waits. An
   * upstream that may take longer needs a Function URL or an ALB, and more here than its service's
   * timeouts come to.
   */
  readonly timeout?: Duration;
  /** Most requests that the gateway serves at once, as a bound on cost. Default: the account's limit. */
  readonly reservedConcurrency?: number;
  /** Path under which the gateway answers health itself. Default: /-. */
  readonly gatewayPrefix?: string;
  /** Of the control plane. */
  readonly control?: ControlProps;
  /** Longest time after a change that a request may be decided by the state before. Default: 5 s. */
  readonly revocationBound?: Duration;
  /** How much longer memory serves while the table is out of reach. Default: 60 s. */
  readonly outageGrace?: Duration;
  /** Longest body that is searched for a key. Default: 1 MiB. */
  readonly bodySearchBytes?: number;
  /** Networks that upstreams may be in although they are refused otherwise, with commas between them. Default: none. */
  readonly upstreamAllow?: string;
  /** What is logged, as `RUST_LOG` has it. Default: info. */
  readonly logLevel?: string;
  /** Default: a month. */
  readonly logRetention?: logs.RetentionDays;
  /** Told of alarms. Default: nobody. */
  readonly alarmTopic?: sns.ITopic;
  /** Latchkey also as authorizer of other APIs. Default: not. */
  readonly authorizer?: AuthorizerProps;
}

/** Latchkey: two functions over one table, the gateway behind a trigger, the control plane behind a URL. */
export class Latchkey extends Construct {
  /** All state there is. It outlives the stack. */
  readonly table: dynamodb.ITable;
  /** The gateway. */
  readonly gateway: lambda.Function;
  /** The control plane. */
  readonly control: lambda.Function;
  /** The authorizer, if there is to be one. */
  readonly authorizer: lambda.Function | undefined;

  constructor(scope: Construct, id: string, props: LatchkeyProps) {
    super(scope, id);
    const timeout = props.timeout ?? Duration.seconds(29);
    this.table =
      props.existingTableName === undefined
        ? makeTable(this)
        : dynamodb.Table.fromTableName(this, "Table", props.existingTableName);
    const common = {
      code: props.code,
      architecture: props.architecture ?? lambda.Architecture.ARM_64,
      table: this.table,
      secrets: props.secrets,
      logRetention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
    };
    const memoryMegabytes = props.memoryMegabytes ?? 256;
    const log = { RUST_LOG: props.logLevel ?? "info" };
    // The control plane refuses routes at these.
    const paths = { LATCHKEY_GATEWAY_PREFIX: props.gatewayPrefix ?? "/-" };
    const settings = {
      ...log,
      LATCHKEY_REVOCATION_BOUND_MS: milliseconds(props.revocationBound ?? Duration.seconds(5)),
      LATCHKEY_OUTAGE_GRACE_MS: milliseconds(props.outageGrace ?? Duration.seconds(60)),
    };
    const gateway = new LatchkeyFunction(this, "Gateway", {
      ...common,
      description: "Latchkey, API-key gateway",
      plane: "gateway",
      memoryMegabytes,
      timeout,
      reservedConcurrency: props.reservedConcurrency,
      environment: {
        ...settings,
        ...paths,
        LATCHKEY_MODE: "proxy",
        LATCHKEY_BODY_SEARCH_BYTES: `${props.bodySearchBytes ?? 1 << 20}`,
        LATCHKEY_UPSTREAM_ALLOW: props.upstreamAllow ?? "",
        LATCHKEY_RESPONSE_STREAMING: `${streams(props.trigger)}`,
      },
    });
    this.gateway = gateway.function;
    const control = new Control(this, "ControlPlane", props.control ?? {}, {
      ...common,
      environment: { ...log, ...paths },
    });
    this.control = control.function;
    addTrigger(this, this.gateway, props.trigger);
    if (props.authorizer !== undefined) {
      const authorizer = new Authorizer(this, "ForOtherApis", props.authorizer, {
        ...common,
        memoryMegabytes,
        environment: settings,
      });
      this.authorizer = authorizer.function;
    }
    new Alarms(this, "Alarms", {
      gateway: this.gateway,
      timeout,
      control: this.control,
      controlTimeout: CONTROL_TIMEOUT,
      authorizer: this.authorizer,
      table: this.table,
      topic: props.alarmTopic,
    });
    const output = (name: string, value: string) => new CfnOutput(this, name, { value });
    output("TableName", this.table.tableName);
    output("FunctionName", this.gateway.functionName);
    output("LogGroupName", gateway.logGroup.logGroupName);
    output("ControlFunctionName", this.control.functionName);
    output("ControlLogGroupName", control.logGroup.logGroupName);
  }
}

function milliseconds(duration: Duration): string {
  return `${duration.toMilliseconds()}`;
}
