import { CfnOutput, Duration, Stack } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import { LambdaFunction as FunctionTarget } from "aws-cdk-lib/aws-events-targets";
import * as iam from "aws-cdk-lib/aws-iam";
import * as lambda from "aws-cdk-lib/aws-lambda";
import type * as logs from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";

import { LatchkeyFunction, type LatchkeyFunctionProps } from "./function.js";

/** How the control plane is set up, besides what all functions have in common. */
export interface ControlProps {
  /**
   * Most requests served at once; 0: the account's limit. Default: 5, so that a flood of log-ins does not take
   * what the gateway needs. An account that has only 10 in all cannot reserve any.
   */
  readonly reservedConcurrency?: number;
  /** Default: 512. A hash of a password takes 19 MB, and processor time, which memory buys. */
  readonly memoryMegabytes?: number;
  /** Under which origin clients reach the gateway. Default: as AWS says. */
  readonly gatewayOrigin?: string;
  /** Under which origin the control plane is reached. Default: as AWS says. */
  readonly controlOrigin?: string;
  /** Origins of pages that may call the Admin API from a browser. Default: none. */
  readonly adminOrigins?: readonly string[];
  /** Origins of pages that may call the Portal API from a browser, with its cookie. Default: none. */
  readonly portalCorsOrigins?: readonly string[];
  /** Mail to developers, which needs `controlOrigin`: links begin with it. Default: none is sent. */
  readonly mail?: MailProps;
  /** How many days audit records are kept, 1 to 3650. Default: 90. */
  readonly auditDays?: number;
}

/** Who sends mails. */
export interface MailProps {
  /** Whom they come from, such as `Portal <portal@example.com>`. */
  readonly from: string;
  /** The verified identity of SES that covers it, an address or its domain. */
  readonly identity: string;
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
    common: Omit<
      LatchkeyFunctionProps,
      "description" | "plane" | "timeout" | "reservedConcurrency" | "memoryMegabytes"
    >,
  ) {
    super(scope, id);
    if (props.mail !== undefined && props.controlOrigin === undefined) {
      throw new Error("mail needs controlOrigin, which links in mails begin with");
    }
    const control = new LatchkeyFunction(this, "Control", {
      ...common,
      description: "Latchkey, control plane",
      plane: "control",
      timeout: CONTROL_TIMEOUT,
      memoryMegabytes: props.memoryMegabytes ?? 512,
      // 0 would let nothing run.
      reservedConcurrency: (props.reservedConcurrency ?? 5) || undefined,
      policies: props.mail === undefined ? {} : { mail: this.mailPolicy(props.mail) },
      environment: {
        ...common.environment,
        LATCHKEY_MODE: "control",
        LATCHKEY_GATEWAY_ORIGIN: props.gatewayOrigin ?? "",
        LATCHKEY_CONTROL_ORIGIN: props.controlOrigin ?? "",
        LATCHKEY_ADMIN_ORIGINS: (props.adminOrigins ?? []).join(","),
        LATCHKEY_PORTAL_CORS_ORIGINS: (props.portalCorsOrigins ?? []).join(","),
        LATCHKEY_MAIL_FROM: props.mail?.from ?? "",
        LATCHKEY_AUDIT_DAYS: String(props.auditDays ?? 90),
      },
    });
    this.function = control.function;
    this.logGroup = control.logGroup;
    this.addUrl(scope);
    this.addSchedule();
  }

  /** Sending by that identity, whoever mails are to. */
  private mailPolicy({ identity }: MailProps): iam.PolicyDocument {
    const arn = Stack.of(this).formatArn({ service: "ses", resource: "identity", resourceName: identity });
    const sends = new iam.PolicyStatement({ actions: ["ses:SendEmail"], resources: [arn] });
    return new iam.PolicyDocument({ statements: [sends] });
  }

  private addUrl(scope: Construct): void {
    // Open to everybody too: who calls is checked by the admin token, or is a developer.
    const url = this.function.addFunctionUrl({
      authType: lambda.FunctionUrlAuthType.NONE,
      invokeMode: lambda.InvokeMode.BUFFERED,
    });
    new CfnOutput(scope, "ControlUrl", { value: url.url, description: "Base URL of the control plane" });
  }

  /**
   * Nothing runs on Lambda while nobody asks: what was begun and not ended, mails that are due, and what
   * gateways ask for, is done once a minute.
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
