import { Aws, CfnOutput, Stack } from "aws-cdk-lib";
import * as apigateway from "aws-cdk-lib/aws-apigateway";
import * as apigatewayv2 from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import * as elb from "aws-cdk-lib/aws-elasticloadbalancingv2";
import * as lambda from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";

/** What calls the gateway's function. Answers can be streamed only where a trigger passes them on so. */
export type Trigger =
  | { readonly kind: "function-url"; readonly responseStreaming?: boolean }
  | { readonly kind: "http-api" }
  | { readonly kind: "rest-api"; readonly responseStreaming?: boolean }
  | {
      readonly kind: "alb";
      /** A listener that is there already; it gets a rule for every path. */
      readonly listenerArn: string;
      /** Of that rule among the listener's, 1 to 50000. */
      readonly priority: number;
    };

/** Whether answers are streamed. */
export function streams(trigger: Trigger): boolean {
  return "responseStreaming" in trigger && trigger.responseStreaming === true;
}

/** Lets the trigger call the function, and tells the address where there is one. */
export function addTrigger(scope: Construct, gateway: lambda.Function, trigger: Trigger): void {
  switch (trigger.kind) {
    case "function-url":
      return addFunctionUrl(scope, gateway, streams(trigger));
    case "http-api":
      return addHttpApi(scope, gateway);
    case "rest-api":
      return addRestApi(scope, gateway, streams(trigger));
    case "alb":
      return addAlbRule(scope, gateway, trigger.listenerArn, trigger.priority);
  }
}

function addFunctionUrl(scope: Construct, gateway: lambda.Function, streaming: boolean): void {
  const url = gateway.addFunctionUrl({
    // Open to everybody on purpose: this is the public gateway, and checking callers is what it does.
    authType: lambda.FunctionUrlAuthType.NONE,
    invokeMode: streaming ? lambda.InvokeMode.RESPONSE_STREAM : lambda.InvokeMode.BUFFERED,
  });
  new CfnOutput(scope, "FunctionUrl", { value: url.url, description: "Base URL of the gateway" });
}

/** No access log by default: a format with the query would log keys. */
function addHttpApi(scope: Construct, gateway: lambda.Function): void {
  const api = new apigatewayv2.HttpApi(scope, "HttpApi", {
    apiName: Aws.STACK_NAME,
    description: "Latchkey",
    defaultIntegration: new HttpLambdaIntegration("Gateway", gateway),
  });
  new CfnOutput(scope, "HttpApiUrl", { value: api.apiEndpoint, description: "Base URL of the gateway" });
}

function addRestApi(scope: Construct, gateway: lambda.Function, streaming: boolean): void {
  const { BUFFERED, STREAM } = apigateway.ResponseTransferMode;
  const integration = new apigateway.LambdaIntegration(gateway, {
    scopePermissionToMethod: false,
    responseTransferMode: streaming ? STREAM : BUFFERED,
  });
  const api = new apigateway.RestApi(scope, "RestApi", {
    restApiName: Aws.STACK_NAME,
    description: "Latchkey",
    endpointTypes: [apigateway.EndpointType.REGIONAL],
    // All bodies come as base64, so that none is changed on the way.
    binaryMediaTypes: ["*/*"],
    deployOptions: { stageName: "live" },
    cloudWatchRole: false,
  });
  api.root.addMethod("ANY", integration);
  api.root.addProxy({ defaultIntegration: integration });
  new CfnOutput(scope, "RestApiUrl", { value: api.url, description: "Base URL of the gateway" });
}

function addAlbRule(scope: Construct, gateway: lambda.Function, listenerArn: string, priority: number): void {
  // For any target group of this account and region: the one below cannot be named, since it wants this
  // permission before it is made.
  const permission = new lambda.CfnPermission(scope, "AlbPermission", {
    functionName: gateway.functionArn,
    action: "lambda:InvokeFunction",
    principal: "elasticloadbalancing.amazonaws.com",
    sourceArn: Stack.of(scope).formatArn({
      service: "elasticloadbalancing",
      resource: "targetgroup",
      resourceName: "*",
    }),
  });
  const targets = new elb.CfnTargetGroup(scope, "AlbTargetGroup", {
    targetType: "lambda",
    targets: [{ id: gateway.functionArn }],
    // Without it, only the last of repeated header fields and query values arrives.
    targetGroupAttributes: [{ key: "lambda.multi_value_headers.enabled", value: "true" }],
  });
  targets.addResourceDependency(permission);
  new elb.CfnListenerRule(scope, "AlbRule", {
    listenerArn,
    priority,
    conditions: [{ field: "path-pattern", pathPatternConfig: { values: ["/*"] } }],
    actions: [{ type: "forward", targetGroupArn: targets.ref }],
  });
}
