import { Aws, Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";

import type { Plane } from "./table.js";

/**
 * Where the secrets are read from, once at the start of an environment. They are made by hand before the
 * first deployment, so that no template, log or change set ever holds them.
 */
export type Secrets = {
  /** A key of yours that they are encrypted with; absent: the one that AWS keeps. */
  readonly kmsKeyArn?: string;
} & (
  | {
      /** Two secrets in Secrets Manager, each a JSON object with names of {@link SECRET_NAMES}. */
      readonly from: "secretsmanager";
      /** Has the pepper. With the six characters at its end that Secrets Manager adds, as the next. */
      readonly secretArn: string;
      /** Has the admin token, which the gateway may not read. */
      readonly adminSecretArn: string;
    }
  | {
      /** Parameters in Parameter Store, with those names under one path. */
      readonly from: "ssm";
      /** Such as `/latchkey`. */
      readonly parameterPrefix: string;
    }
);

/** What each plane is told. The pepper before is there only while a pepper is replaced, the token to verify with only if set. */
export const SECRET_NAMES = {
  gateway: ["LATCHKEY_PEPPER", "LATCHKEY_PEPPER_PREVIOUS", "LATCHKEY_VERIFY_TOKEN"],
  control: ["LATCHKEY_ADMIN_TOKEN", "LATCHKEY_PEPPER", "LATCHKEY_PEPPER_PREVIOUS"],
} as const;

/** The value of `LATCHKEY_SECRETS_FROM`. */
export function secretsSetting(secrets: Secrets, plane: Plane): string {
  return secrets.from === "secretsmanager"
    ? `secretsmanager:${secretArns(secrets, plane).join(",")}`
    : `ssm:${secrets.parameterPrefix}`;
}

function secretArns(secrets: Secrets & { readonly from: "secretsmanager" }, plane: Plane): string[] {
  return plane === "control" ? [secrets.secretArn, secrets.adminSecretArn] : [secrets.secretArn];
}

/** Reading those secrets and no others. */
export function secretsPolicy(scope: Construct, secrets: Secrets, plane: Plane): iam.PolicyDocument {
  const statements = [
    secrets.from === "secretsmanager"
      ? new iam.PolicyStatement({
          actions: ["secretsmanager:GetSecretValue"],
          resources: secretArns(secrets, plane),
        })
      : new iam.PolicyStatement({
          actions: ["ssm:GetParameters"],
          resources: SECRET_NAMES[plane].map((name) =>
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
