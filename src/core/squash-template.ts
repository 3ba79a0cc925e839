/** The file by which Gitea and Forgejo keep the trailers of a pull request in the commit of a squash. */

export const giteaSquashTemplate = {
  path: '.gitea/default_merge_message/SQUASH_TEMPLATE.md',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Gitea puts the values in.
  content: '${PullRequestTitle} (${PullRequestReference})\n\n${PullRequestDescription}\n',
} as const;
