/** What is wrong in a template, and in which line. */

export interface TemplateFault {
  readonly line: number;
  readonly message: string;
}
