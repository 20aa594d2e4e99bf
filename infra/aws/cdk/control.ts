import { CfnOutput, Duration } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import { LambdaFunction as FunctionTarget } from "aws-cdk-lib/aws-events-targets";
import * as lambda from "aws-cdk-lib/aws-lambda";
import type * as logs from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";

import { LatchkeyFunction, type LatchkeyFunctionProps } from "./function.js";

/** How the control plane is set up, besides what all functions have in common. */
export interface ControlProps {
  /** Most requests served at once. Default: the account's limit. */
  readonly reservedConcurrency?: number;
  /** Under which origin clients reach the gateway. Default: as AWS says. */
  readonly gatewayOrigin?: string;
  /** Under which origin the control plane is reached. Default: as AWS says. */
  readonly controlOrigin?: string;
  /** Origins of pages that may call the Admin API from a browser. Default: none. */
  readonly adminOrigins?: readonly string[];
  /** How many days audit records are kept, 1 to 3650. Default: 90. */
  readonly auditDays?: number;
}

/** A large change goes on in several commits; what is left at the end is done by the schedule. */
export const CONTROL_TIMEOUT = Duration.seconds(60);

/** The control plane's function, its URL, and the schedule by which it does what is due. */
export class Control extends Construct {
  readonly function: lambda.Function;
  readonly logGroup: logs.LogGroup;

  constructor(
    scope: Construct,
    id: string,
    props: ControlProps,
    common: Omit<LatchkeyFunctionProps, "description" | "plane" | "timeout" | "reservedConcurrency">,
  ) {
    super(scope, id);
    const control = new LatchkeyFunction(this, "Control", {
      ...common,
      description: "Latchkey, control plane",
      plane: "control",
      timeout: CONTROL_TIMEOUT,
      reservedConcurrency: props.reservedConcurrency,
      environment: {
        ...common.environment,
        LATCHKEY_MODE: "control",
        LATCHKEY_GATEWAY_ORIGIN: props.gatewayOrigin ?? "",
        LATCHKEY_CONTROL_ORIGIN: props.controlOrigin ?? "",
        LATCHKEY_ADMIN_ORIGINS: (props.adminOrigins ?? []).join(","),
        LATCHKEY_AUDIT_DAYS: String(props.auditDays ?? 90),
      },
    });
    this.function = control.function;
    this.logGroup = control.logGroup;
    this.addUrl(scope);
    this.addSchedule();
  }

  private addUrl(scope: Construct): void {
    // Open to everybody too: who calls is checked by the admin token.
    const url = this.function.addFunctionUrl({
      authType: lambda.FunctionUrlAuthType.NONE,
      invokeMode: lambda.InvokeMode.BUFFERED,
    });
    new CfnOutput(scope, "ControlUrl", { value: url.url, description: "Base URL of the control plane" });
  }

  /**
   * Nothing runs on Lambda after an answer: what was begun and not ended, and what gateways ask for, is done
   * once a minute.
   */
  private addSchedule(): void {
    new events.Rule(this, "Schedule", {
      description: "Lets Latchkey's control plane do what is due",
      schedule: events.Schedule.rate(Duration.minutes(1)),
      targets: [new FunctionTarget(this.function)],
    });
    // The next minute's event does what this one's did not.
    this.function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
  }
}
