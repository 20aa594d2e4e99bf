import { Aws, Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";

/**
 * Where the secrets are read from, once at the start of an environment. They are made by hand before the
 * first deployment, so that no template, log or change set ever holds them.
 */
export type Secrets = {
  /** A key of yours that they are encrypted with; absent: the one that AWS keeps. */
  readonly kmsKeyArn?: string;
} & (
  | {
      /** A secret in Secrets Manager: a JSON object with the names of {@link SECRET_NAMES}. */
      readonly from: "secretsmanager";
      /** With the six characters at its end that Secrets Manager adds. */
      readonly secretArn: string;
    }
  | {
      /** Parameters in Parameter Store, with those names under one path. */
      readonly from: "ssm";
      /** Such as `/latchkey`. */
      readonly parameterPrefix: string;
    }
);

/** The pepper before is there only while a pepper is replaced. */
export const SECRET_NAMES = ["LATCHKEY_ADMIN_TOKEN", "LATCHKEY_PEPPER", "LATCHKEY_PEPPER_PREVIOUS"] as const;

/** The value of `LATCHKEY_SECRETS_FROM`. */
export function secretsSetting(secrets: Secrets): string {
  return secrets.from === "secretsmanager"
    ? `secretsmanager:${secrets.secretArn}`
    : `ssm:${secrets.parameterPrefix}`;
}

/** Reading those secrets and no others. */
export function secretsPolicy(scope: Construct, secrets: Secrets): iam.PolicyDocument {
  const statements = [
    secrets.from === "secretsmanager"
      ? new iam.PolicyStatement({
          actions: ["secretsmanager:GetSecretValue"],
          resources: [secrets.secretArn],
        })
      : new iam.PolicyStatement({
          actions: ["ssm:GetParameters"],
          resources: SECRET_NAMES.map((name) =>
            Stack.of(scope).formatArn({
              service: "ssm",
              resource: "parameter",
              resourceName: `${secrets.parameterPrefix.replace(/^\//, "")}/${name}`,
            }),
          ),
        }),
  ];
  if (secrets.kmsKeyArn !== undefined) {
    statements.push(
      new iam.PolicyStatement({
        actions: ["kms:Decrypt"],
        resources: [secrets.kmsKeyArn],
        conditions: {
          StringEquals: { "kms:ViaService": `${secrets.from}.${Aws.REGION}.${Aws.URL_SUFFIX}` },
        },
      }),
    );
  }
  return new iam.PolicyDocument({ statements });
}
