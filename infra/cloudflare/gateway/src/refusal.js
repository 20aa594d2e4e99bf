/** Ends a request with one of core's problems. */
export class Refusal extends Error {
  constructor(problem) {
    super(problem);
    this.problem = problem;
  }
}
