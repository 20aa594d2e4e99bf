import { RemovalPolicy } from "aws-cdk-lib";
import * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import * as iam from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";

/** The table: all state there is. It outlives the stack, and can be set back to any second of 35 days. */
export function makeTable(scope: Construct): dynamodb.Table {
  return new dynamodb.Table(scope, "Table", {
    partitionKey: { name: "pk", type: dynamodb.AttributeType.STRING },
    sortKey: { name: "sk", type: dynamodb.AttributeType.STRING },
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    encryption: dynamodb.TableEncryption.AWS_MANAGED,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    // Clean-up of what is dead anyway: no decision relies on it, and expiry is checked on each request.
    timeToLiveAttribute: "ttl",
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
}

/** Which half of Latchkey a function is; an authorizer is a gateway that passes nothing on. */
export type Plane = "gateway" | "control";

/** What the control plane does with the table. TransactWriteItems needs the actions of its parts. */
export const TABLE_ACTIONS: readonly string[] = [
  "dynamodb:ConditionCheckItem",
  "dynamodb:DeleteItem",
  "dynamodb:GetItem",
  "dynamodb:PutItem",
  "dynamodb:Query",
  // Back-ups and restores alone.
  "dynamodb:Scan",
];

/** What a gateway does with it: partitions, which may end in `*`, and the actions on them. */
export const GATEWAY_ACTIONS: readonly { readonly partitions: string[]; readonly actions: string[] }[] = [
  // What is published for it, and nothing else.
  { partitions: ["grant/*", "published"], actions: ["dynamodb:GetItem", "dynamodb:Query"] },
  // Asking for a key's move to the current pepper, which the control plane carries out.
  { partitions: ["rehash/*"], actions: ["dynamodb:PutItem"] },
];

/** Using the table as that half does, and no other. */
export function tablePolicy(tableArn: string, plane: Plane): iam.PolicyDocument {
  const allow = (actions: readonly string[], conditions?: iam.Conditions) =>
    new iam.PolicyStatement({ actions: [...actions], resources: [tableArn], conditions });
  const statements =
    plane === "control"
      ? [allow(TABLE_ACTIONS)]
      : GATEWAY_ACTIONS.map(({ partitions, actions }) => allow(actions, onlyIn(partitions)));
  return new iam.PolicyDocument({ statements });
}

/** `ForAllValues` holds where there are no values too, so that they must be there. */
function onlyIn(partitions: string[]): iam.Conditions {
  return {
    "ForAllValues:StringLike": { "dynamodb:LeadingKeys": partitions },
    Null: { "dynamodb:LeadingKeys": "false" },
  };
}
