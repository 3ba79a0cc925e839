/** The headers that every request to GitHub's API carries. */

/** The version after this one leaves out what a pull request was merged as. */
export const githubHeaders = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' } as const;
