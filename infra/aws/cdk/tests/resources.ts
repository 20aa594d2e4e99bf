/** Templates as plain lists of resources that can be compared, whichever tool wrote them. */

/** A value of a template, with all its functions worked out. */
export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };

/** A resource without its name: references to it name its type, and which of that type it is. */
export interface Resource {
  readonly type: string;
  readonly properties: { [name: string]: Value };
  readonly deletionPolicy: Value | undefined;
}

/** A CloudFormation template, as JSON has it. */
export interface Template {
  readonly Parameters?: Record<string, { Default?: Value }>;
  readonly Conditions?: Record<string, Value>;
  readonly Rules?: Record<string, { RuleCondition?: Value; Assertions: { Assert: Value }[] }>;
  readonly Resources: Record<
    string,
    { Type: string; Condition?: string; Properties?: Value; DeletionPolicy?: Value }
  >;
}

/** What there is of a template with these parameters: conditions and references are worked out. */
export function resources(template: Template, parameters: Record<string, Value> = {}): Resource[] {
  const worker = new Worker(template, parameters);
  return Object.values(template.Resources)
    .filter((resource) => resource.Condition === undefined || worker.condition(resource.Condition))
    .map((resource) => ({
      type: commonType(resource.Type),
      properties: worker.value(resource.Properties ?? {}) as { [name: string]: Value },
      deletionPolicy: resource.DeletionPolicy,
    }));
}

/** The names of the rules that these parameters break: CloudFormation would refuse them. */
export function brokenRules(template: Template, parameters: Record<string, Value>): string[] {
  const worker = new Worker(template, parameters);
  return Object.entries(template.Rules ?? {})
    .filter(([, rule]) => rule.RuleCondition === undefined || worker.holds(rule.RuleCondition))
    .filter(([, rule]) => !rule.Assertions.every(({ Assert }) => worker.holds(Assert)))
    .map(([name]) => name);
}

/** Those of one type. */
export function ofType(all: readonly Resource[], type: string): Resource[] {
  return all.filter((resource) => resource.type === type);
}

/** SAM's functions become plain ones. */
function commonType(type: string): string {
  return type === "AWS::Serverless::Function" ? "AWS::Lambda::Function" : type;
}

/** Stands for a value that is to be left out. */
const NOTHING = Symbol("AWS::NoValue");

class Worker {
  constructor(
    private readonly template: Template,
    private readonly parameters: Record<string, Value>,
  ) {}

  condition(name: string): boolean {
    const condition = this.template.Conditions?.[name];
    if (condition === undefined) throw new Error(`no condition ${name}`);
    return this.holds(condition);
  }

  value(value: Value): Value {
    const worked = this.work(value);
    if (worked === NOTHING) throw new Error("AWS::NoValue where a value must be");
    return worked;
  }

  private work(value: Value): Value | typeof NOTHING {
    if (Array.isArray(value)) {
      return value.map((element) => this.work(element)).filter((element) => element !== NOTHING);
    }
    if (value === null || typeof value !== "object") return value;
    const [name, argument] = Object.entries(value)[0] ?? [];
    if (name !== undefined && argument !== undefined && Object.keys(value).length === 1) {
      switch (name) {
        case "Ref":
          return argument === "AWS::NoValue" ? NOTHING : this.reference(String(argument));
        case "Fn::GetAtt":
          return this.attribute(typeof argument === "string" ? argument.split(".") : (argument as string[]));
        case "Fn::Sub":
          return String(argument).replace(/\$\{([^}]+)\}/g, (_, inner: string) =>
            String(inner.includes(".") ? this.attribute(inner.split(".")) : this.reference(inner)),
          );
        case "Fn::Join": {
          const [separator, parts] = argument as [string, Value[]];
          return parts.map((part) => String(this.value(part))).join(separator);
        }
        case "Fn::If": {
          const [condition, then, otherwise] = argument as [string, Value, Value];
          return this.work(this.condition(condition) ? then : otherwise);
        }
      }
      if (name.startsWith("Fn::")) throw new Error(`the function ${name} is not known here`);
    }
    const worked = Object.entries(value).map(([name, inner]) => [name, this.work(inner)]);
    return Object.fromEntries(worked.filter(([, inner]) => inner !== NOTHING)) as Value;
  }

  holds(condition: Value): boolean {
    const [name, argument] = Object.entries(condition as Record<string, Value>)[0] ?? [];
    const conditions = argument as Value[];
    switch (name) {
      case "Condition":
        return this.condition(String(argument));
      case "Fn::Equals":
        return String(this.value(conditions[0] ?? null)) === String(this.value(conditions[1] ?? null));
      case "Fn::Contains": {
        const [list, value] = conditions as [Value[], Value];
        return list.includes(this.value(value));
      }
      case "Fn::And":
        return conditions.every((inner) => this.holds(inner));
      case "Fn::Or":
        return conditions.some((inner) => this.holds(inner));
      case "Fn::Not":
        return conditions.every((inner) => !this.holds(inner));
      default:
        throw new Error(`the condition ${name} is not known here`);
    }
  }

  private reference(name: string): Value {
    const parameter = this.template.Parameters?.[name];
    if (parameter !== undefined) {
      const value = this.parameters[name] ?? parameter.Default;
      if (value === undefined) throw new Error(`the parameter ${name} has no value`);
      return value;
    }
    return name.startsWith("AWS::") ? `\${${name}}` : `\${${this.describe(name)}}`;
  }

  private attribute([name = "", ...attribute]: string[]): string {
    return `\${${this.describe(name)}.${attribute.join(".")}}`;
  }

  private describe(name: string): string {
    const type = this.template.Resources[name]?.Type;
    if (type === undefined) throw new Error(`no resource ${name}`);
    const alike = Object.entries(this.template.Resources).filter(([, resource]) => resource.Type === type);
    const place = alike.findIndex(([other]) => other === name);
    return place === 0 ? commonType(type) : `${commonType(type)}#${place + 1}`;
  }
}
