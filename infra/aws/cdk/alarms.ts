import { Duration } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import type * as lambda from "aws-cdk-lib/aws-lambda";
import type * as sns from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";

/** What the alarms watch, and whom they tell. */
export interface AlarmsProps {
  readonly gateway: lambda.Function;
  /** The gateway's timeout. */
  readonly timeout: Duration;
  readonly control: lambda.Function;
  /** The control plane's timeout. */
  readonly controlTimeout: Duration;
  readonly authorizer?: lambda.Function;
  readonly table: dynamodb.ITable;
  /** Absent: alarms are shown in CloudWatch only. */
  readonly topic?: sns.ITopic;
}

const PERIOD = Duration.minutes(5);
/** Operations of the table that the store calls, by what they are to it. */
const OPERATIONS = { reads: "GetItem", queries: "Query", commits: "TransactWriteItems" };

/**
 * Alarms that ring for Latchkey itself: refusals and failures of upstreams are answers, not errors.
 */
export class Alarms extends Construct {
  private readonly topic: sns.ITopic | undefined;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.topic = props.topic;
    this.ringAt(
      1,
      "Errors",
      "An invocation of Latchkey crashed or ran out of time",
      ofFunction(props.gateway, "Errors"),
    );
    this.ringAt(
      1,
      "Throttles",
      "Requests were refused because too many ran at once",
      ofFunction(props.gateway, "Throttles"),
    );
    this.duration(
      "Duration",
      "An invocation took more than four fifths of the time it may take",
      props.gateway,
      props.timeout,
    );
    this.ringAt(
      1,
      "ControlErrors",
      "An invocation of Latchkey's control plane crashed, failed at what is due, or ran out of time",
      ofFunction(props.control, "Errors"),
    );
    this.ringAt(
      1,
      "ControlThrottles",
      "Requests to the control plane were refused because too many ran at once",
      ofFunction(props.control, "Throttles"),
    );
    this.duration(
      "ControlDuration",
      "An invocation of the control plane took more than four fifths of the time it may take",
      props.control,
      props.controlTimeout,
    );
    this.tableErrors(props.table);
    this.tableThrottles(props.table);
    if (props.authorizer !== undefined) {
      this.ringAt(
        1,
        "AuthorizerErrors",
        "An invocation of Latchkey's authorizer failed",
        ofFunction(props.authorizer, "Errors"),
      );
    }
  }

  private duration(id: string, description: string, watched: lambda.Function, timeout: Duration): void {
    const share = new cloudwatch.MathExpression({
      label: "Percent of the timeout",
      expression: `duration / (10 * ${timeout.toSeconds()})`,
      usingMetrics: { duration: ofFunction(watched, "Duration", "Maximum") },
      period: PERIOD,
    });
    this.add(id, description, share, 80, cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD);
  }

  private tableErrors(table: dynamodb.ITable): void {
    const errors = Object.entries(OPERATIONS).map(([name, operation]) => [
      name,
      ofTable(table, "SystemErrors", { Operation: operation }),
    ]);
    const sum = new cloudwatch.MathExpression({
      label: "System errors",
      expression: "FILL(reads, 0) + FILL(queries, 0) + FILL(commits, 0)",
      usingMetrics: Object.fromEntries(errors),
      period: PERIOD,
    });
    this.ringAt(1, "TableErrors", "DynamoDB failed calls with errors of its own", sum);
  }

  private tableThrottles(table: dynamodb.ITable): void {
    const sum = new cloudwatch.MathExpression({
      label: "Throttled reads and writes",
      expression: "FILL(reads, 0) + FILL(writes, 0)",
      usingMetrics: {
        reads: ofTable(table, "ReadThrottleEvents"),
        writes: ofTable(table, "WriteThrottleEvents"),
      },
      period: PERIOD,
    });
    this.ringAt(1, "TableThrottles", "DynamoDB throttled reads or writes", sum);
  }

  private ringAt(threshold: number, id: string, description: string, metric: cloudwatch.IMetric): void {
    const operator = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD;
    this.add(id, description, metric, threshold, operator);
  }

  private add(
    id: string,
    alarmDescription: string,
    metric: cloudwatch.IMetric,
    threshold: number,
    comparisonOperator: cloudwatch.ComparisonOperator,
  ): void {
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmDescription,
      metric,
      threshold,
      comparisonOperator,
      evaluationPeriods: 1,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    if (this.topic !== undefined) alarm.addAlarmAction(new SnsAction(this.topic));
  }
}

function ofFunction(watched: lambda.Function, metricName: string, statistic = "Sum"): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: "AWS/Lambda",
    metricName,
    dimensionsMap: { FunctionName: watched.functionName },
    statistic,
    period: PERIOD,
  });
}

function ofTable(
  table: dynamodb.ITable,
  metricName: string,
  dimensions: Readonly<Record<string, string>> = {},
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: "AWS/DynamoDB",
    metricName,
    dimensionsMap: { TableName: table.tableName, ...dimensions },
    statistic: "Sum",
    period: PERIOD,
  });
}
