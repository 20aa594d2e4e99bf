import { Aws, CfnOutput, Duration, Stack } from "aws-cdk-lib";
import * as apigateway from "aws-cdk-lib/aws-apigateway";
import * as apigatewayv2 from "aws-cdk-lib/aws-apigatewayv2";
import * as lambda from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";

import { LatchkeyFunction, type LatchkeyFunctionProps } from "./function.js";

/** Latchkey in front of an API of yours that has other integrations. */
export interface AuthorizerProps {
  /** An HTTP API that gets it as authorizer, to be attached to its routes. */
  readonly httpApiId?: string;
  /** A REST API that gets it as authorizer, to be attached to its methods. */
  readonly restApiId?: string;
  /** What an HTTP API is answered; a REST API always gets a policy. Default: simple. */
  readonly response?: "simple" | "iam";
  /**
   * How long API Gateway may reuse an answer. Default: 0, which asks for each request.
   *
   * A cached answer outlives a revocation: its time adds to the bound. And it is valid for the whole
   * stage, so that it would pass other services' paths too: with more than 0, path, method and host are
   * among what an answer is cached by.
   */
  readonly resultTtl?: Duration;
  /** If answers are reused: the header the key is in. Without it API Gateway answers 401 by itself. */
  readonly keyHeader?: string;
}

/** An HTTP API waits no longer for an authorizer. */
const TIMEOUT = Duration.seconds(10);

/** The authorizer's function, and the authorizers of the APIs that are named. */
export class Authorizer extends Construct {
  readonly function: lambda.Function;

  constructor(
    scope: Construct,
    id: string,
    props: AuthorizerProps,
    common: Omit<LatchkeyFunctionProps, "description" | "plane" | "timeout" | "reservedConcurrency">,
  ) {
    super(scope, id);
    this.function = new LatchkeyFunction(this, "Authorizer", {
      ...common,
      description: "Latchkey as an authorizer",
      plane: "gateway",
      timeout: TIMEOUT,
      environment: {
        ...common.environment,
        LATCHKEY_MODE: "authorizer",
        LATCHKEY_AUTHORIZER_RESPONSE: props.response ?? "simple",
      },
    }).function;
    if (props.httpApiId !== undefined) this.authorizeHttpApi(props.httpApiId, props);
    if (props.restApiId !== undefined) this.authorizeRestApi(props.restApiId, props);
  }

  private authorizeHttpApi(apiId: string, props: AuthorizerProps): void {
    const { keyHeader, ttlSeconds } = caching(props);
    const authorizer = new apigatewayv2.CfnAuthorizer(this, "HttpApiAuthorizer", {
      apiId,
      name: "latchkey",
      authorizerType: "REQUEST",
      authorizerPayloadFormatVersion: "2.0",
      enableSimpleResponses: (props.response ?? "simple") === "simple",
      authorizerResultTtlInSeconds: ttlSeconds,
      authorizerUri: this.uri(),
      identitySource:
        ttlSeconds === 0
          ? undefined
          : [`$request.header.${keyHeader}`, "$context.path", "$context.httpMethod", "$context.domainName"],
    });
    this.permit("HttpApi", apiId, authorizer.ref);
  }

  private authorizeRestApi(apiId: string, props: AuthorizerProps): void {
    const { keyHeader, ttlSeconds } = caching(props);
    const authorizer = new apigateway.CfnAuthorizer(this, "RestApiAuthorizer", {
      restApiId: apiId,
      name: "latchkey",
      type: "REQUEST",
      authorizerResultTtlInSeconds: ttlSeconds,
      authorizerUri: this.uri(),
      identitySource:
        ttlSeconds === 0
          ? undefined
          : `method.request.header.${keyHeader},context.path,context.httpMethod,context.domainName`,
    });
    this.permit("RestApi", apiId, authorizer.ref);
  }

  private uri(): string {
    return `arn:${Aws.PARTITION}:apigateway:${Aws.REGION}:lambda:path/2015-03-31/functions/${this.function.functionArn}/invocations`;
  }

  private permit(api: string, apiId: string, authorizerId: string): void {
    new lambda.CfnPermission(this, `${api}Permission`, {
      functionName: this.function.functionArn,
      action: "lambda:InvokeFunction",
      principal: "apigateway.amazonaws.com",
      sourceArn: Stack.of(this).formatArn({
        service: "execute-api",
        resource: apiId,
        resourceName: `authorizers/${authorizerId}`,
      }),
    });
    new CfnOutput(this, `${api}AuthorizerId`, { value: authorizerId, description: "To attach to routes" });
  }
}

function caching(props: AuthorizerProps): { keyHeader: string; ttlSeconds: number } {
  const { keyHeader = "apikey", resultTtl = Duration.seconds(0) } = props;
  return { keyHeader, ttlSeconds: resultTtl.toSeconds() };
}
