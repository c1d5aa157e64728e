/** A reason why the site cannot start that its operator can remove. The message is one sentence and is safe to print. */
export class StartupError extends Error {}
